#!/usr/bin/env python3
"""The blocks of the pages that are tagged `run`, in their order as a reader would run them."""
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

import h5py

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nakrun  # noqa: E402

BLOCK = re.compile(r"^( *)```(\w+) run\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
AFTER_TUTORIAL = ["tutorial.md", "output.md", "report.md"]  # of the runs of the first


def commands(page):
    """The commands of a page: its own; its decks are checked; its Python runs as one script.

    A deck is named by a comment in its first line, and then it is for the commands after it.
    """
    python = ""
    for indent, language, code in BLOCK.findall((nakrun.TOP / page).read_text(encoding="utf-8")):
        code = textwrap.dedent(code) if indent else code
        if language == "sh":
            yield code
        elif language == "python":
            python += code
            yield f"scripts/python3 - <<'PYTHON'\n{python}PYTHON\n"
        elif language == "yaml":
            name = re.match(r"# (\w+\.yaml)\n", code)
            code = f"protocol:\n{code}" if code.startswith("  - ") else code
            yield f"cat > {name[1] if name else 'deck.yaml'} <<'YAML'\n{code}YAML\n"
            yield "" if name else "nakfield check deck.yaml\n"
        else:
            raise AssertionError(f"{page}: who runs a block of {language}?")


def written(code):
    """Files, stems and run directories that commands write."""
    code = code.replace("\\\n", " ")
    names = set(re.findall(r"(?:\bcat > |\s-o |\boutput\.directory=|^output: |^cp \S+ )(\S+)", code, re.MULTILINE))
    for line in re.findall(r"^.*\bnakfield (?:run|fit|study|phases) .*$", code, re.MULTILINE):
        deck = re.search(r"(\w+)\.yaml", line)
        if deck and "output.directory=" not in line and "--dry-run" not in line:
            names.add(f"runs/{deck[1]}")
    return names


class Tutorial(unittest.TestCase):
    def fitted(self, out, page):
        """The truth is in the intervals, and what is left is the noise."""
        for key, truth in (("diffusion_time", 11), ("limiting_current", 0.68)):
            found = re.search(rf"^interphase.{key},(\S+),(\S+),(\S+),", out, re.MULTILINE)
            value, low, high = map(float, found.groups())
            self.assertTrue(low < truth < high and low < value < high, found[0])
        rows = re.findall(r"voltage \(V\)</td><td>73</td><td>([^<]+)", page.read_text("utf-8"))
        first, best = map(float, rows)
        self.assertGreater(first, 5 * best)
        self.assertTrue(0.8e-3 < best < 1.1e-3, best)

    def follow(self, pages, folder):
        """Run the commands of pages in a folder; what they print."""
        blocks = [command for page in pages for command in commands(page)]
        self.assertGreater(len(blocks), 0)
        tools = Path(folder, "bin")
        tools.mkdir()
        launcher = os.environ.get("MPIEXEC", shutil.which("mpirun") or "mpiexec")
        for name, program in (("nakfield", nakrun.program()), ("mpirun", launcher),
                              ("python3", f"{sys.executable} -I -S")):  # without modules
            (tools / name).write_text(f'#!/bin/sh\nexec {program} "$@"\n')
            (tools / name).chmod(0o755)
        for name in ("benchmarks", "inputs", "scripts"):
            Path(folder, name).symlink_to(nakrun.TOP / name)
        Path(folder, "cycler.mpt").symlink_to(nakrun.DECKS / "tutorial" / "cycler.mpt")
        environment = nakrun.environment()
        if "docs/tutorial.md" in pages:  # which allows root itself
            environment = {name: value for name, value in environment.items() if "AS_ROOT" not in name}
        environment["PATH"] = f"{tools}:{os.environ['PATH']}"
        process = subprocess.run(["bash", "-euxo", "pipefail", "-c", "\n".join(blocks)], cwd=folder,
                                 env=environment, capture_output=True, text=True, timeout=800,
                                 check=False)
        print(process.stdout[-2000:])
        self.assertEqual(process.returncode, 0, process.stderr[-4000:])
        return process.stdout

    def test_commands(self):
        with tempfile.TemporaryDirectory() as folder:
            out = self.follow([f"docs/{page}" for page in AFTER_TUTORIAL], folder)
            self.assertRegex(out, r"empty at 0\.76 mA/cm2, 2\.89 V")
            self.assertRegex(out, r"condition: voltage < -0.9 V \(of the repeat\) at 9478\d\d s")
            self.assertRegex(out, r"refused\n")
            self.assertRegex(out, r"exit status 2\n")
            self.assertRegex(out, r'runs/finer/summary.json:  "time_s": 876\.879')
            self.assertRegex(out, r"at 360 s; results in runs/cell")
            self.fitted(out, Path(folder, "report.html"))
            self.assertRegex(out, r"9 samples: 9 completed; results in runs/study")
            for picture in ("alloys.png", "strip/fields.png", "mine/plot.png"):
                self.assertTrue(Path(folder, "runs", picture).is_file(), picture)
            for name in ("section.png", "cell.html", "both.html", "runs/strip/report.html"):
                self.assertTrue(Path(folder, name).is_file(), name)

    def test_howto(self):
        with tempfile.TemporaryDirectory() as folder:
            out = self.follow(["docs/howto.md"], folder)
            self.assertRegex(out, r"interphase.diffusion_time = 11\.52\d+ s \(10\.8\d+ to 12\.2\d+\)")
            self.assertRegex(out, r"3 samples: 3 condition; results in runs/times")
            self.assertEqual(len(re.findall(r"^\S+,\d+,\d+,\d+,876\.8[78]\d+$", out, re.MULTILINE)), 5)
            for entry, change in (("tolerance of 1e-5", r"-?(0\.00|\d(\.\d+)?e-0)"), ("interphase_layers of 20", r"0\.00[34]")):
                self.assertRegex(out, rf"end_s: \w+\.{entry} changes it by ({change})")
            self.assertRegex(out, r"peritectic  liquid x_Na = 0\.5769")
            self.assertRegex(out, r"runs/limit: condition: voltage > 3 V")
            for name in ("our_report.html", "fig1.pdf", "fig1.png", "runs/my_alloy_phases/phases.png",
                         "runs/times/highest-interphase.diffusion_time.png"):
                self.assertTrue(Path(folder, name).is_file(), name)

    def test_pages_for_one_folder(self):
        """Each of these pages writes names of its own: no file is lost, and no run is refused."""
        pages = {page: written("\n".join(commands(page))) for page in ("README.md", "docs/tutorial.md", "docs/howto.md")}
        for page, some in (("README.md", {"first.yaml", "runs/first", "runs/nak60", "runs/first_nak60"}),
                           ("docs/tutorial.md", {"mine.yaml", "runs/mine", "runs/fit", "runs/best", "report.html"}),
                           ("docs/howto.md", {"my_alloy.yaml", "runs/my_alloy", "runs/our_fit", "runs/times"})):
            self.assertLessEqual(some, pages[page], page)
        for (one, names), (other, more) in itertools.combinations(pages.items(), 2):
            self.assertEqual(names & more, set(), f"{one} and {other}")

    def test_other_pages(self):
        """Each page in a folder of its own."""
        pages = ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in nakrun.TOP.glob("docs/*.md")
                                                   if path.name not in [*AFTER_TUTORIAL, "howto.md"])]
        pages = [page for page in pages if any(commands(page))]
        self.assertGreater(len(pages), 6)
        for page in sorted(pages):
            with self.subTest(page), tempfile.TemporaryDirectory() as folder:
                out = self.follow([page], folder)
                if page == "docs/studies.md":
                    self.assertRegex(out, r"15 samples: 5 completed, 10 condition;")
                for said in re.findall(r"```text show: what check prints\n(.*?)```",
                                       (nakrun.TOP / page).read_text(encoding="utf-8"), re.DOTALL):
                    self.assertIn(said, out)

    def test_glossary(self):
        """Its columns, fields and entries are those of the other pages."""
        text = {page: (nakrun.TOP / "docs" / f"{page}.md").read_text(encoding="utf-8")
                for page in ("glossary", "output", "deck", "protocol")}
        names = re.findall(r"`([a-zA-Z]\w*[_.]\w+)`", text["glossary"])
        self.assertGreater(len(names), 20)
        self.assertEqual([name for name in names if not any(f"`{name}" in text[page]
                                                            for page in ("output", "deck", "protocol"))], [])

    def test_scripts_know_whose_run_it_is(self):
        """A run of PFHub's is drawn; the other kind's script says which one to take."""
        def draw(script, status):
            done = subprocess.run([sys.executable, nakrun.TOP / "scripts" / script, run], capture_output=True,
                                  text=True, timeout=100, check=False)
            self.assertEqual(done.returncode, status, done.stderr)
            return done.stdout + done.stderr

        with tempfile.TemporaryDirectory() as folder:
            run = Path(folder, "run")
            nakrun.call("run", nakrun.TOP / "benchmarks" / "pfhub" / "bm1a.yaml", "box.nx=16", "box.ny=8",
                        "box.nz=4", "time.end=1", f"output.directory={run}", ranks=0).demand(nakrun.DONE)
            self.assertIn("phases.png", draw("plot_phases_box.py", 0))
            self.assertTrue((run / "phases.png").is_file())
            self.assertIn("scripts/plot_phases_box.py draws it", draw("plot.py", 1))
            nakrun.call("run", nakrun.DECKS / "wu2025" / "pristine_nak50.yaml", "--replace",
                        f"output.directory={folder}/cell", ranks=0).demand(nakrun.DONE)
            run = Path(folder, "cell")
            self.assertIn("scripts/plot.py draws it", draw("plot_phases_box.py", 1))

    def test_every_number_is_explained(self):
        """docs/output.md names each column and each field that runs write."""
        page = (nakrun.TOP / "docs" / "output.md").read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            for deck, table, more in (
                    ("tutorial/voids_2d.yaml", "timeseries.csv", ["protocol=[{rest: 1 ms}]"]),
                    ("tutorial/solidification_2d.yaml", "phases.csv", ["march.end=0.2 ms"])):
                nakrun.call("run", nakrun.DECKS / deck, f"output.directory={folder}/run", "--replace", *more,
                            ranks=0).demand(nakrun.DONE)
                names = Path(folder, "run", table).read_text(encoding="ascii").partition("\n")[0].split(",")
                with h5py.File(Path(folder, "run", "fields.h5"), "r") as file:
                    names += list(file["frames/000000"])
                missing = [name for name in names if f"`{name}`" not in page]
                self.assertEqual(missing, [])
                self.assertGreater(len(names), 20)

    def test_pictures(self):
        """Every page's pictures and pages are there."""
        for page in [nakrun.TOP / "README.md", *(nakrun.TOP / "docs").glob("*.md")]:
            for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
                if "://" not in target:
                    self.assertTrue((page.parent / target).exists(), f"{page.name}: {target}")
        gallery = (nakrun.TOP / "docs" / "gallery.md").read_text(encoding="utf-8")
        for picture in (nakrun.TOP / "docs" / "images").iterdir():
            self.assertIn(picture.name, gallery)  # with the command that made it


if __name__ == "__main__":
    unittest.main(verbosity=2)
