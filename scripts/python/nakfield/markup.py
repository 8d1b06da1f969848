"""Pages of HTML that stand alone: no request leaves them, no script runs in them, and every text is
escaped."""
import io
import json
from html import escape

HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; }}
h1, h2, summary, .long {{ overflow-wrap: anywhere; }}
table {{ border-collapse: collapse; }} td, th {{ padding: .15em .7em; text-align: left; }}
th, td {{ vertical-align: top; white-space: nowrap; }}
td.long {{ white-space: normal; min-width: 12em; }}
tr:nth-child(even) {{ background: #f3f3f3; }} .wide, pre {{ overflow: auto; max-height: 40em; }}
pre {{ background: #f7f7f7; padding: .5em; }} summary {{ cursor: pointer; font-weight: bold; }}
svg {{ max-width: 100%; height: auto; }}
.panels {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26em), 1fr)); }}
</style></head><body>
<h1>{title}</h1>
"""
LONG = 30  # characters of a cell that is broken into lines
END = "</body></html>\n"


def begin(title):
    """The beginning of a page, which END ends."""
    return HEAD.format(title=escape(str(title)))


def _cell(item, is_head):
    text = escape(str(item))
    if is_head:
        return f"<th>{text}</th>"
    return f'<td class="long">{text}</td>' if len(text) > LONG else f"<td>{text}</td>"


def table(lines, named=False):
    """A table whose first line has the names; `named`: so has the first column."""
    rows = []
    for n, line in enumerate(lines):
        cells = [_cell(item, n == 0 or (k == 0 and named)) for k, item in enumerate(line)]
        rows.append("<tr>" + "".join(cells) + "</tr>")
    return '<div class="wide"><table>' + "\n".join(rows) + "</table></div>\n"


def fold(name, content, is_open=False):
    """What a reader may open; nothing without content."""
    if not content:
        return ""
    return f"<details{' open' * is_open}><summary>{escape(name)}</summary>\n{content}</details>\n"


def verbatim(text):
    return f"<pre>{escape(text)}</pre>\n" if text else ""


def data_block(name, value):
    """Data for other programs; a browser takes it for no script, and nothing in it ends it."""
    text = json.dumps(value, ensure_ascii=True)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return f'<script type="application/json" id="{escape(name)}">{text}</script>\n'


def pyplot():
    """matplotlib's, for pictures as SVG."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams.update(
        {"font.size": 8, "figure.constrained_layout.use": True, "svg.hashsalt": "nakfield"}
    )
    plt.rcParams.update({"axes.formatter.useoffset": False})
    return plt


def picture(plt, figure):
    """A figure as SVG, to stand in a page."""
    text = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(text, format="svg", metadata=nothing)
    plt.close(figure)
    _, tag, rest = text.getvalue().partition("<svg")
    return tag + rest + "\n"
