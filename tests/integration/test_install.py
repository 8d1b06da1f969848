#!/usr/bin/env python3
"""What `cmake --install` leaves works where there are no sources: run, plot, phases, a restart, a
study, in situ with the argument --insitu; and the completion knows what the program knows.

The path of the sources within the installed files is overwritten, so nothing can be found there.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nakrun  # noqa: E402

BUILD = os.environ.get("BUILD", nakrun.TOP / "build" / "release")
INSITU = "--insitu" in sys.argv
sys.argv = [word for word in sys.argv if word != "--insitu"]


def blind(path):
    """Overwrite the path of the sources in a file, if it is there."""
    source = str(nakrun.TOP).encode()
    text = path.read_bytes()
    if source in text:
        path.write_bytes(text.replace(source, b"/" + b"-" * (len(source) - 1)))
    return source in text


def bare(**more):
    """An environment that says nothing of where nakfield is."""
    return {**{name: value for name, value in nakrun.environment().items()
               if not name.startswith(("NAKFIELD", "PYTHONPATH", "BUILD"))}, **more}


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.place)
        done = subprocess.run(["cmake", "--install", BUILD, "--prefix", "/usr"], capture_output=True, text=True,
                              env={**os.environ, "DESTDIR": str(cls.place / "staged")}, check=False)
        assert done.returncode == 0, done.stderr
        cls.prefix = cls.place / "moved"
        (cls.place / "staged" / "usr").rename(cls.prefix)
        cls.blinded = [path for path in cls.prefix.rglob("*")
                       if path.is_file() and not path.is_symlink() and blind(path)]

    def test_nothing_but_the_prefix(self):
        self.assertEqual(list((self.place / "staged").iterdir()), [])

    def test_only_the_program_knows_the_sources(self):
        self.assertLessEqual({path.name for path in self.blinded}, {"nakfield", "nakfield_catalyst.so", "nakfield_vtk.so"})

    def test_smoke(self):
        options = ["--python"] + (["--insitu"] if INSITU else [])
        done = subprocess.run([self.prefix / "share" / "nakfield" / "smoke", *options], cwd="/", capture_output=True,
                              text=True, env=bare(), timeout=250, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for what in ("a run", "phases", "its restart", "completion", "a study", "a plot") + ("numbers in situ",) * INSITU:
            self.assertIn(f"ok: {what}\n", done.stdout)

    def test_smoke_finds_what_is_missing(self):
        """A test that can fail: without materials, and without the package."""
        for missing, message in (("materials", "failed: a run"), ("python", "failed: a study")):
            folder = self.prefix / "share" / "nakfield" / missing
            folder.rename(self.place / missing)
            try:
                done = subprocess.run([self.prefix / "share" / "nakfield" / "smoke", "--python"], cwd="/",
                                      capture_output=True, text=True, env=bare(), timeout=250, check=False)
            finally:
                (self.place / missing).rename(folder)
            self.assertEqual(done.returncode, 1)
            self.assertIn(message, done.stderr)

    def test_links_and_pages(self):
        for name in ("nakfield-insitu", "nakfield-plot"):
            done = subprocess.run([self.prefix / "bin" / name, "--help"], capture_output=True, text=True, env=bare(),
                                  timeout=60, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        for page in ("nakfield.1", "nakfield-insitu.1", "nakfield-plot.1"):
            self.assertTrue((self.prefix / "share" / "man" / "man1" / page).is_file(), page)
        for page in ("README.md", "docs/deck.md", "docs/images/demo.png"):
            self.assertTrue((self.prefix / "share" / "doc" / "nakfield" / page).is_file(), page)


class Completion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.script = Path(BUILD, "completion", "nakfield")
        cls.place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.place.cleanup)
        Path(cls.place.name, "deck.yaml").touch()
        Path(cls.place.name, "runs").mkdir()

    def offers(self, line, breaks=" \t\n=:"):
        """What bash would offer at the end of a line."""
        words = re.split(r"(=)|\s+", line) if "=" in breaks else line.split(" ")
        words = [word for word in words if word is not None]
        script = (f"COMP_WORDBREAKS=$'{breaks!r}'".replace("''", "'") + f"; . {self.script}; COMP_WORDS=(\"$@\"); "
                  "COMP_CWORD=$(($# - 1)); COMP_LINE=$LINE; COMP_POINT=${#LINE}; _nakfield nakfield; "
                  "printf '%s\\n' \"${COMPREPLY[@]}\"")
        done = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "LINE": line}, cwd=self.place.name, check=False)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_commands_are_those_of_the_program(self):
        commands = [word for word in self.offers("nakfield ") if not word.startswith("-")]
        self.assertIn("worker", commands)
        for command in commands:
            done = subprocess.run([nakrun.program(), command], capture_output=True, text=True, env=nakrun.environment(),
                                  stdin=subprocess.DEVNULL, timeout=60, check=False)
            self.assertNotIn("unknown command", done.stderr, command)

    def test_options_are_those_of_the_program(self):
        for command in ("run", "check", "phases", "impedance"):
            for option in self.offers(f"nakfield {command} -"):
                done = subprocess.run([nakrun.program(), command, "/nothing", option, "1"], capture_output=True, text=True,
                                      env=nakrun.environment(), timeout=60, check=False)
                self.assertNotIn("option", done.stderr, f"{command} {option}")
        self.assertIn("--walltime", self.offers("nakfield run --w"))
        self.assertEqual(self.offers("nakfield check --w"), [])
        self.assertEqual(self.offers("nakfield --help-deck=j", breaks=" "), ["--help-deck=json"])
        self.assertEqual(self.offers("nakfield --help-deck=j"), ["json"])

    def test_entries_are_those_of_the_schema(self):
        schema = json.loads(subprocess.run([nakrun.program(), "--help-deck=json"], capture_output=True, check=True,
                                           env=nakrun.environment()).stdout)
        grid = {f"grid.{name}=" for name in schema["properties"]["grid"]["properties"]}
        self.assertEqual(set(self.offers("nakfield run deck.yaml grid.")), grid)
        self.assertEqual(self.offers("nakfield run deck.yaml grid.lateral=p"), ["periodic"])
        self.assertEqual(self.offers("nakfield run deck.yaml grid.lateral=p", breaks=" "), ["grid.lateral=periodic"])
        self.assertEqual(self.offers("nakfield run deck.yaml output.fields.compress=t"), ["true"])
        self.assertEqual(self.offers("nakfield study grid."), [])

    def test_topics_of_help(self):
        self.assertEqual(self.offers("nakfield help volt"), ["voltage", "voltage_V", "voltage_drop"])
        self.assertEqual(self.offers("nakfield help --ra"), ["--ranks"])

    def test_files(self):
        self.assertEqual(self.offers("nakfield run d"), ["deck.yaml"])
        self.assertEqual(self.offers("nakfield run "), ["deck.yaml", "runs"])
        self.assertEqual(self.offers("nakfield run --restart "), ["runs"])
        self.assertEqual(self.offers("nakfield run --walltime "), [])
        self.assertEqual(self.offers("nakfield report d"), [])
        self.assertEqual(self.offers("nakfield phases Na"), ["NaCs", "NaK", "NaRb"])
        self.assertEqual(self.offers("nakfield study s.yaml --retry "), ["failed"])


if __name__ == "__main__":
    unittest.main()
