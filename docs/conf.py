"""How Sphinx makes the site from these pages: see scripts/docs, which puts them in one folder first."""
import re

project = "nakfield"
copyright = "the nakfield authors, BSD 2-clause license"  # Sphinx's name for it

extensions = ["myst_parser"]
exclude_patterns = ["README.md"]  # a part of index.md
myst_heading_anchors = 4  # links such as model.md#frame
smartquotes = False  # an option stays --option
highlight_language = "none"  # only a block that names its language

html_theme = "furo"
html_title = "nakfield"
html_static_path = ["site"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False


def let_names_break(_app, _page, _template, context, _tree):
    """A long name in a table may break after a dot or an underscore, else the columns get too wide."""
    def broken(text):
        return re.sub(r"(?<=[a-z]{4}[._])(?=[A-Za-z]{2})", "<wbr>", text[0])

    def table(found):
        return re.sub(r"(?<=>)[^<]+(?=<)", broken, found[0])

    if "body" in context:
        context["body"] = re.sub(r"<table.*?</table>", table, context["body"], flags=re.DOTALL)


def setup(app):
    """Called by Sphinx."""
    app.connect("html-page-context", let_names_break)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
