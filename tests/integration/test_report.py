#!/usr/bin/env python3
"""nakfield report: what its page says is what the files say, and nothing in it is alive."""
import html.parser
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nakrun  # noqa: E402
from nakrun import nakfield  # noqa: E402

HOSTILE = "</script></title><img src=x onerror=alert(1)> $a_b$ & 'quoted'"
DECK = f"""title: "{HOSTILE}"
alloy: {{potassium: 55 wt%}}
limits: {{voltage_min: -0.011 V}}
protocol:
  - {{strip: 0.5 mA/cm^2, for: 20 s}}
  - impedance:
  - {{plate: 0.1 mA/cm^2, until: k_film > 0.5}}
"""


class Page(html.parser.HTMLParser):
    """Tags, cells of tables, and the data of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.cells, self.data, self.within = [], [], "", None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.within = tag
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag):
        self.within = None

    def handle_data(self, data):
        if self.within == "td":
            self.cells[-1] += data
        if self.within == "script":
            self.data += data


def numbers(value):
    """All numbers in JSON, as they are written."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [n for item in value for n in numbers(item)]
    return [value[1]] if isinstance(value, tuple) else []


class Reports(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = Path(place.name)
        (self.place / "deck.yaml").write_text(DECK)

    def run_deck(self, name, *overrides):
        nakrun.call("run", "deck.yaml", f"output.directory={name}", "--quiet", *overrides, ranks=0,
                    folder=self.place).demand(nakrun.DONE)

    def report(self, *arguments, status=nakrun.DONE, message=None):
        done = subprocess.run(
            [nakrun.program(), "report", *arguments],
            cwd=self.place, capture_output=True, text=True, timeout=100, check=False,
            env=nakrun.environment())
        nakrun.Output(["report"], done).demand(status, message)

    def read(self, name):
        """The page, once it is seen that nothing in it is alive."""
        text = (self.place / name).read_text(encoding="utf-8")
        page = Page(text)
        known = {"script": {"type": "application/json", "id": "runs"}}
        for tag, attributes in page.tags:
            self.assertFalse([a for a in attributes if a.startswith("on")], (tag, attributes))
            self.assertNotIn(tag, ("img", "iframe", "object", "embed", "link", "base", "form"))
            if tag == "script":
                self.assertEqual(attributes, known["script"])
            for name in ("src", "href", "xlink:href"):
                self.assertRegex(attributes.get(name) or "#", r"^(#|data:image/png;base64,)")
        self.assertEqual(re.findall(r"@import|url\((?!#)", text), [])
        self.assertIn("default-src 'none'", text)
        return page, text

    def test_page(self):
        """Of one run, whose folder is left as it is."""
        self.run_deck("run")
        before = {path: path.stat().st_mtime_ns for path in (self.place / "run").rglob("*")}
        self.report("run", "-o", "page.html", message="page.html")
        self.assertEqual(
            {path: path.stat().st_mtime_ns for path in (self.place / "run").rglob("*")}, before)
        page, text = self.read("page.html")
        self.assertIn("onerror=alert(1)", "".join(page.cells))  # as text
        summary = (self.place / "run" / "summary.json").read_text()
        data = json.loads(page.data)
        self.assertEqual(data[0]["summary"], json.loads(summary))
        written = json.loads(summary, parse_float=lambda t: ("", t), parse_int=lambda t: ("", t))
        for number in numbers(written):
            self.assertIn(number, page.cells)
        known = set(re.findall(r"[\w.+-]+", summary + self.entries("run")))
        for cell in page.cells:
            if re.fullmatch(r"[-+.\d]+(e[-+]?\d+)?", cell):
                self.assertIn(cell, known)
        self.assertIn("55 wt%", page.cells)  # against the default
        self.assertIn("50 wt%", page.cells)
        self.assertNotIn("cell.area", page.cells)
        self.assertIn("never ends", text)  # a warning

    def entries(self, name):
        """Texts of the deck and of the defaults."""
        return (self.place / name / "resolved.yaml").read_text() + "50 wt% -5 V"

    def test_measured(self):
        """Two runs and what was measured: its residuals are what was added to one of them."""
        self.run_deck("one")
        self.run_deck("two", "alloy.potassium=50 wt%")
        run = nakfield.Run(self.place / "one")
        _, at = np.unique(run.table["time_s"], return_index=True)
        time, voltage = run.table["time_s"], run.table["voltage_V"]
        middle = np.flatnonzero(np.diff(time) > 0)  # between rows and before switches, too
        rows = [*zip(time[at][::3], voltage[at][::3])]
        rows += zip((time[middle] + time[middle + 1]) / 2, (voltage[middle] + voltage[middle + 1]) / 2)
        rows = sorted(dict(rows).items())
        lines = [f"{time!r},{voltage + 2e-3!r}" for time, voltage in rows]
        (self.place / "v.csv").write_text("Test Time / s,Voltage / V\n" + "\n".join(lines) + "\n")
        self.report("one", "two", "--measured", "v.csv", "-o", "page.html")
        page, _ = self.read("page.html")
        at = page.cells.index("voltage (V)")
        self.assertEqual(page.cells[at + 1 : at + 4], [str(len(lines)), "0.002", "0.002"])
        self.assertNotIn("0.002", page.cells[at + 6 : at + 9])
        spectrum = run.spectra[-1]
        lines = [f"{f!r},{1.01 * z.real!r},{1.01 * z.imag!r}"
                 for f, z in zip(spectrum.frequency.tolist(), (spectrum.z / 0.5).tolist())]
        (self.place / "z.csv").write_text(
            "Frequency / Hz,Real Impedance / ohm,Imaginary Impedance / ohm\n" + "\n".join(lines) + "\n")
        self.report("one", "--measured", "z.csv", status=nakrun.INPUT, message="--area 0.385")
        self.report("one", "--measured", "z.csv", "--area", "0.5", "-o", "page.html")
        page, _ = self.read("page.html")
        at = page.cells.index("last spectrum, over |Z|")
        self.assertEqual(page.cells[at + 1 : at + 4], [str(len(lines)), "0.01", "0.01"])

    def draw(self, script, *arguments, status=0, message=""):
        done = subprocess.run(
            [sys.executable, nakrun.TOP / "scripts" / script, *arguments],
            cwd=self.place, capture_output=True, text=True, timeout=100, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(message, done.stderr)

    def test_plots(self):
        """Pictures have the size that was asked for, and panels that are not there are named."""
        self.run_deck("one")
        (self.place / "study.yaml").write_text(
            "deck: deck.yaml\noutput: out\nvary: {interphase.exponent: [2, 2.5], alloy.potassium: "
            "[50 wt%, 60 wt%]}\nset: {protocol: '[{strip: 0.5 mA/cm^2, for: 1 s}]'}\n"
            "collect: {highest: max voltage}\n")
        nakrun.call("study", "study.yaml", "-j", "1", "--quiet", ranks=0, folder=self.place).demand(
            nakrun.DONE)
        common = ("--size", "8.5x6", "--formats", "png", "--style", "classic")
        for stem, script, *arguments in (
            ("a", "plot.py", "one", "--panels", "u,void_nm_mean", "--time", "0:10", "--log", "voids",
             "--range", "u=0.1:1"),
            ("b", "plot.py", *["one"] * 9, "--labels", "1,2,3,4,5,6,7,8,$9_", "--panels", "voltage"),
            ("c", "plot_impedance.py", "one", "--lines", "--panels", "drt", "--at", "20"),
            ("d", "plot_study.py", "out", "highest", "--against", "alloy.potassium", "--for",
             "interphase.exponent"),
        ):
            self.draw(script, *arguments, *common, "-o", stem)
            with open(self.place / f"{stem}.png", "rb") as file:
                size = struct.unpack(">ii", file.read(24)[16:])
            self.assertEqual(size, (int(8.5 / 2.54 * 200), int(6 / 2.54 * 200)))
        for against in ("alloy.potassium", "interphase.exponent"):
            self.draw("plot_study.py", "out", "highest", "--against", against, "--formats", "png")
            self.assertTrue((self.place / "out" / f"highest-{against}.png").is_file())
        self.draw("plot.py", "out", status=1, message="out is a study: scripts/plot_study.py draws it")
        nakrun.call("watch", "out", ranks=0, folder=self.place).demand(
            nakrun.INPUT, "out is a study: scripts/plot_study.py draws it")
        self.draw("plot.py", "one", "--panels", "volts", status=1, message="no panel 'volts'")
        self.draw("plot.py", "one", "--size", "8", status=2, message="'8' is not like 8.5x6")
        self.draw("plot_study.py", "out", "low", "--against", "alloy.potassium", status=1,
                  message="has no column low")

    def test_others(self):
        """A box, a run in 2D, one that goes on, no run, and a page that cannot be written."""
        bm1a = nakrun.TOP / "benchmarks" / "pfhub" / "bm1a.yaml"
        nakrun.call("run", bm1a, "box.nx=16", "box.ny=8", "time.end=1", "output.directory=box",
                    ranks=0, folder=self.place).demand(nakrun.DONE)
        self.run_deck("wide", "grid.nx=4", "grid.width=16 um", "contact.fraction=0.5",
                      "contact.shape=strip", "protocol=[{strip: 0.1 mA/cm^2, for: 1 s}]")
        (self.place / "wide" / "summary.json").unlink()
        self.report("box", "wide", "-o", "page.html")
        page, text = self.read("page.html")
        self.assertIn("has not ended", page.cells)
        self.assertIn("data:image/png", text)  # the fields
        self.report("nothing", status=nakrun.INPUT, message="there is no directory nothing")
        self.report("wide", "-o", "no/page.html", status=nakrun.INPUT,
                    message="cannot write no/page.html: .*; -o names another file")
        os.remove(self.place / "wide" / "timeseries.csv")
        self.report("wide", status=nakrun.INPUT, message="timeseries.csv")


if __name__ == "__main__":
    unittest.main()
