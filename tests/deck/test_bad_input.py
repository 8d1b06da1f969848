#!/usr/bin/env python3
"""Every entry of the schema, spoilt in every way; and files that are no decks.

The table of entries is the program's own (`--help-deck=json`), so a new entry is tested as soon as it
exists.  Each spoilt deck has one mistake in many entries, and every one must be found in one pass, at
its line, with a message that says what is wrong; the exit status is 2.
"""
import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nakrun  # noqa: E402

SHOWN = 60  # entries spoilt in one deck; the program prints at most 100 mistakes
PROTOCOL = "protocol: [{rest: 1 s}]\n"


@dataclasses.dataclass
class Entry:
    key: str
    kind: str  # quantity, number, integer, boolean, text, choice, fraction, tree
    unit: str = ""


def entry_of(key, spec):
    if "enum" in spec:
        return Entry(key, "choice")
    if "pattern" in spec:
        return Entry(key, "fraction")
    if spec["type"] == "string":
        return Entry(key, "quantity", spec["default"].split(" ", 1)[1])
    plain = {"integer": "integer", "boolean": "boolean"}
    if isinstance(spec["type"], str) and spec["type"] in plain:
        return Entry(key, plain[spec["type"]])
    if spec["type"] == ["number", "string"]:
        return Entry(key, "number")
    if spec["type"] == ["string", "number"]:
        return Entry(key, "text")
    return Entry(key, "tree")


def entries(schema, prefix=""):
    for name, spec in schema["properties"].items():
        if "properties" in spec:
            yield from entries(spec, f"{prefix}{name}.")
        else:
            yield entry_of(prefix + name, spec)


def misspelt(key):
    head, _, last = key.rpartition(".")
    worse = last[:-1] if len(last) > 4 and last[-2] != "_" else last + last[-1]
    return f"{head}.{worse}" if head else worse


# Sections that only decks of another model than the cell have, and the line that asks for the model.
MODELS = {"model: cahn_hilliard\n": ("box", "cahn_hilliard", "allen_cahn", "time", "multigrid"),
          "model: alloy\n": ("microstructure", "nuclei", "march")}
NUMERIC = ("quantity", "number", "integer")

# What is spoilt: the entries it applies to, the value, the message, the key where it changes.
SPOILT = {
    "missing unit": (lambda e: e.kind == "quantity", lambda e: "0.001", r"needs a unit"),
    "unknown unit": (lambda e: e.kind == "quantity", lambda e: "1 foobar", r"is not a unit"),
    "wrong dimension": (lambda e: e.kind == "quantity", lambda e: "1 cd^3", r"is the wrong dimension"),
    "unit on a plain number": (lambda e: e.kind == "number", lambda e: "1 kg",
                               r"is the wrong dimension|must be a plain number"),
    "too large": (lambda e: e.kind in NUMERIC,
                  lambda e: "99999999999999999" if e.kind == "integer" else f"1e99 {e.unit}",
                  r"must be (at most|between) "),
    "nan": (lambda e: e.kind in ("quantity", "number"), lambda e: f"nan {e.unit}", r"must be finite"),
    "infinity": (lambda e: e.kind in ("quantity", "number"), lambda e: f"-inf {e.unit}",
                 r"must be finite"),
    "yaml nan": (lambda e: e.kind in ("quantity", "number"), lambda e: ".nan",
                 r"must be finite|not a number"),
    "not a number": (lambda e: e.kind in NUMERIC, lambda e: "many",
                     r"not a number|must be a whole number"),
    "half": (lambda e: e.kind == "integer", lambda e: "1.5", r"must be a whole number"),
    "comma": (lambda e: e.kind == "quantity", lambda e: f"1,5 {e.unit}", r"not a comma|not a number"),
    "share above 1": (lambda e: e.kind == "fraction", lambda e: "150 wt%", r"must be between"),
    "share without percent": (lambda e: e.kind == "fraction", lambda e: "0.5", r"wt%"),
    "unknown word": (lambda e: e.kind == "choice", lambda e: "nonsense", r"must be \w+.* or \w+"),
    "neither": (lambda e: e.kind == "boolean", lambda e: "maybe", r"must be true or false"),
    "list": (lambda e: e.kind != "tree", lambda e: "[1, 2]", r"is a list; it must be a single value"),
    "map": (lambda e: e.kind != "tree", lambda e: "{a: 1}", r"has entries beneath it"),
    "nothing": (lambda e: e.kind not in ("tree", "text"), lambda e: "", r"is empty"),
}


def deck_of(pairs):
    """YAML of (key, value) pairs, and the line of each."""
    tree = {}
    for index, (key, value) in enumerate(pairs):
        *path, last = key.split(".")
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node[last] = (index, value)
    lines, where = [], {}
    write_tree(tree, 0, lines, where)
    return "\n".join(lines) + "\n", where


def write_tree(tree, depth, lines, where):
    for name, node in tree.items():
        if isinstance(node, tuple):
            lines.append(f"{'  ' * depth}{name}: {node[1]}".rstrip())
            where[node[0]] = len(lines)
        else:
            lines.append(f"{'  ' * depth}{name}:")
            write_tree(node, depth + 1, lines, where)


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        text = nakrun.call("--help-deck=json", ranks=0).demand(nakrun.DONE).out
        cls.entries = list(entries(json.loads(text)))
        assert len(cls.entries) > 30, "the schema is shorter than it can be"

    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.folder = Path(self.scratch.name)

    def check(self, text, *more, status=nakrun.INPUT, message=None, ranks=0, verb="check"):
        path = self.folder / "deck.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return nakrun.call(verb, "deck.yaml", *more, ranks=ranks, folder=self.folder).demand(
            status, message)

    def spoil(self, note, pairs, messages, tail=PROTOCOL):
        """Each entry of `pairs` is complained of at its own line, and nothing else is."""
        text, where = deck_of(pairs)
        output = self.check(text + tail)
        found = re.findall(r"^deck\.yaml:(\d+):\d+: (.*)$", output.err, re.MULTILINE)
        by_line = {int(line): words for line, words in found}
        self.assertEqual(len(found), len(pairs), f"{note}: one mistake a line\n{output.err}")
        for index, (key, value) in enumerate(pairs):
            words = by_line.get(where[index], "nothing")
            with self.subTest(note, key=key):
                self.assertIn(key, words)
                self.assertRegex(words, messages[index])

    def parts(self, applies):
        """The entries, by the kind of deck that has them, as many as are shown; what ends such a deck."""
        others = {section: model for model, sections in MODELS.items() for section in sections}
        for tail in (PROTOCOL, *MODELS):
            chosen = [e for e in self.entries
                      if applies(e) and others.get(e.key.split(".")[0], PROTOCOL) == tail]
            for first in range(0, len(chosen), SHOWN):
                yield chosen[first:first + SHOWN], tail

    def test_every_entry_spoilt(self):
        for note, (applies, value, message) in SPOILT.items():
            for part, tail in self.parts(applies):
                pairs = [(e.key, value(e)) for e in part]
                self.spoil(note, pairs, [message] * len(pairs), tail)

    def test_every_key_misspelt(self):
        """And the right key is suggested for each."""
        for part, tail in self.parts(lambda e: e.key != "protocol"):
            self.spoil("misspelt", [(misspelt(e.key), "1") for e in part],
                       [f"unknown key .*did you mean '{re.escape(e.key)}'" for e in part], tail)

    def test_overrides_are_checked_alike(self):
        self.check(PROTOCOL, "grid.nx=0", message=r"command line:1: grid\.nx is 0: it must be between")
        self.check(PROTOCOL, "grid.nx=4", "grid.mx=4", message=r"command line:2: .*did you mean 'grid\.nx'")
        self.check(PROTOCOL, "nonsense", message=r"nonsense")

    def test_mistakes_on_several_ranks(self):
        output = self.check("grid: {mx: 3}\n" + PROTOCOL, ranks=3, message=r"deck\.yaml:1:8: ")
        self.assertEqual(output.err.count("did you mean"), 1, "said once")

    def test_yaml_that_is_none(self):
        cases = {
            "empty": ("", r"deck is empty"),
            "blank": ("\n\n# only a comment\n", r"deck is empty"),
            "scalar": ("hello\n", r"deck must be made of"),
            "list": ("- a\n- b\n", r"deck must be made of"),
            "unclosed": ("grid: {nx: 3\nprotocol: []\n", r"deck\.yaml:\d+:\d+: YAML"),
            "tab": ("grid:\n\tnx: 3\n", r"deck\.yaml:2:\d+: .*tab"),
            "duplicate": ("title: a\ntitle: b\n" + PROTOCOL, r"deck\.yaml:2:1: duplicate key 'title'"),
            "anchor": ("title: &a x\n" + PROTOCOL, r"anchors"),
            "alias": ("title: &a x\ngrid: *a\n" + PROTOCOL, r"aliases"),
            "bomb": ("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n" + PROTOCOL, r"aliases"),
            "deep": ("title: " + "[" * 5000 + "]" * 5000 + "\n", r"nested deeper|YAML"),
            "latin": (b"title: caf\xe9\n" + PROTOCOL.encode(), r"UTF-8"),
            "binary": (bytes(range(256)) * 8, r"UTF-8|control|YAML"),
            "two documents": (PROTOCOL + "---\n" + PROTOCOL, r"second document"),
            "tag": ("title: !!python/object x\n" + PROTOCOL, r"tags"),
        }
        for note, (text, message) in cases.items():
            with self.subTest(note):
                self.check(text, message=message)

    def test_protocol(self):
        cases = {
            "missing": ("title: x\n", r"protocol"),
            "empty": ("protocol: []\n", r"protocol"),
            "unknown item": ("protocol: [{stripp: 1 mA/cm^2, for: 1 s}]\n", r"did you mean 'strip'"),
            "unknown signal": ("protocol: [{rest: 1 s, until: voltag > 3 V}]\n",
                               r"unknown signal 'voltag'.*voltage,"),
            "no end": ("protocol: [{strip: 1 mA/cm^2}]\n", r"nothing ends"),
            "no unit": ("protocol: [{strip: 1, for: 1 s}]\n", r"needs a unit"),
            "wrong unit": ("protocol: [{strip: 1 V, for: 1 s}]\n", r"wrong dimension"),
            "negative": ("protocol: [{rest: -1 s}]\n", r"must be"),
            "nan": ("protocol: [{strip: nan mA/cm^2, for: 1 s}]\n", r"finite"),
            "never arrives": ("protocol: [{staircase: {from: 1 A/m^2, to: 2 A/m^2, step: 0 A/m^2, "
                              "hold: 1 s}}]\n", r"never arrives"),
            "scalar": ("protocol: 5\n", r"protocol"),
        }
        for note, (text, message) in cases.items():
            with self.subTest(note):
                self.check(text, message=message)

    def test_contradictions_are_found_together(self):
        """Entries that are right by themselves: one complaint each, with the place of its section."""
        errors = self.check(
            "grid: {nx: 4, alloy_height: 5 mm, electrolyte_layers: 0}\n"
            "solver: {first_step: 1 ns, shortest_step: 1 us}\n"
            "contact: {fraction: 0.5}\n"
            "interphase: {diffusion_time: 1000 h}\n"
            "impedance: {grain_boundary_resistance: 1 kohm.cm^2, frequency_max: 0.01 Hz}\n"
            "protocol: [{impedance: }]\n", message="6 mistakes").err
        for line, word in ((1, "grid.alloy_height"), (2, "solver.first_step"), (3, "contact.fraction"),
                           (4, "interphase.limiting_current"), (5, "impedance.grain_boundary_resistance"),
                           (5, "impedance.frequency_max")):
            self.assertRegex(errors, rf"deck.yaml:{line}:.*{word}")

    def test_contradictions_of_a_box(self):
        output = self.check("model: cahn_hilliard\ntime: {first_step: 1, shortest_step: 10}\n"
                            "cahn_hilliard: {low: 0.7}\nmultigrid: {before: 0, after: 0}\n",
                            message="3 mistakes in deck.yaml")
        for line, word in ((2, "time.first_step"), (3, "cahn_hilliard.low"), (4, "multigrid.before")):
            self.assertRegex(output.err, f"deck.yaml:{line}:\\d+: {word}")

    def test_entries_of_another_kind_of_deck(self):
        output = self.check("model: alloy\nprotocol: [{rest: 1 s}]\nvoids: {pockets: 1}\nvoid: 1\n", message="3 mistakes")
        for line, words in ((2, "'protocol' has no meaning in a deck with 'model: alloy'"), (3, "'voids' has no meaning"),
                            (4, "unknown key 'void'")):
            self.assertRegex(output.err, f"deck.yaml:{line}:1: {words}")

    def test_interfaces_narrower_than_a_cell(self):
        deck = "model: cahn_hilliard\nbox: {nx: 100, width: 200}\n"
        self.assertEqual(self.check(deck, status=nakrun.DONE).err, "")  # 4.47 and 2
        output = self.check(deck, "cahn_hilliard.kappa=0.3", status=nakrun.DONE)  # 1.73
        self.assertRegex(output.err, "deck.yaml:2:6: warning: interfaces are 1.73 wide and a cell 2:")

    def test_a_grid_too_coarse_for_voids(self):
        """`check` finds what the run would refuse."""
        deck = "grid: {nx: 64, width: 16 um, alloy_height: 8 um, alloy_layers: 32, finest_alloy: 0 m}\n" \
               "voids: {width: 1 um, pockets: 1}\n" + PROTOCOL
        self.check(deck, status=nakrun.DONE)
        for entry, message in (("grid.nx=32", "columns are 5e-07 m wide.*raise grid.nx or"),
                               ("grid.nx=1", "more than one column"),
                               ("grid.finest_alloy=0.1 um", "layers are up to .* high.*finest_alloy")):
            self.assertRegex(self.check(deck, entry, message="1 mistake").err, f"deck.yaml:2:8: .*{message}")

    def test_a_liquid_that_separates(self):
        """A regular solution of 6500 J/mol mixes above 6500/2R = 390.9 K only, but at its ends."""
        text = (nakrun.DECKS / "materials/NaK.yaml").read_text()
        text = text.replace("{1: 2957.0, T: -1.0354}", "{1: 6500}").replace("{1: 375.3, T: 0.7772}", "{1: 0}")
        (Path(self.folder) / "Gap.yaml").write_text(text)
        deck = "alloy: {system: Gap, temperature: 391 K}\n" + PROTOCOL
        self.check(deck, status=nakrun.DONE)
        self.check(deck, "alloy.temperature=390.8 K", message="the liquid of NaK separates into two.*raise alloy.temp")

    def test_an_alloy_that_is_partly_solid(self):
        """It is computed, as a supercooled liquid, and the user told so."""
        for alloy, range_ in (("30 wt%", "41.68 to 91.07 wt%"), ("20 mol%", "29.59 to 85.71 mol%")):
            output = self.check(f"alloy: {{potassium: {alloy}}}\n" + PROTOCOL, status=nakrun.DONE)
            self.assertRegex(output.err, f"deck.yaml:1:8: warning: at 298.15 K liquid NaK is stable from {range_} only")
        output = self.check("alloy: {potassium: 42 wt%}\n" + PROTOCOL, status=nakrun.DONE)
        self.assertEqual(output.err, "")

    def test_contact_coarser_than_the_electrolyte_spreads(self):
        """Then a held current and a held voltage disagree, which the user is told."""
        grid = "grid: {nx: 20, width: 2 mm}\ncontact: {fraction: 0.5, shape: strip}\n"
        output = self.check(grid + PROTOCOL, status=nakrun.DONE)
        self.assertRegex(output.err, "deck.yaml:2:10: warning: contact and its gaps are about 0.001 m wide")
        for finer in ("grid.width=256 um", "electrolyte.thickness=1.5 mm", "contact.fraction=1"):
            self.assertEqual(self.check(grid + PROTOCOL, finer, status=nakrun.DONE).err, "")

    def test_warnings_are_in_the_log(self):
        """For who submits a batch job and reads what it left behind."""
        deck = "alloy: {potassium: 20 mol%}\nprotocol: [{rest: 1 ms}]\n"
        output = self.check(deck, "output.directory=run", status=nakrun.DONE, verb="run")
        warning = [line for line in output.err.splitlines() if "warning" in line]
        self.assertEqual(len(warning), 1)
        self.assertIn(warning[0], (self.folder / "run" / "log.txt").read_text().splitlines())

    def test_patches_finer_than_columns(self):
        grid = "contact: {fraction: 0.5}\ngrid: {nx: 16, width: 64 um}\n"
        self.assertEqual(self.check(grid + PROTOCOL, status=nakrun.DONE).err, "")
        for coarse in (("grid.nx=15",), ("grid.ny=15", "grid.depth=64 um"), ("contact.patch=7 um",)):
            output = self.check(grid + PROTOCOL, *coarse, status=nakrun.DONE)
            self.assertRegex(output.err, "deck.yaml:1:10: warning: patches of contact are about .* and columns 4")
        for fine in ("contact.shape=strip", "contact.fraction=1"):
            self.assertEqual(self.check(grid + PROTOCOL, "contact.patch=1 um", fine, status=nakrun.DONE).err, "")
        output = self.check(grid + PROTOCOL, "grid.nx=1", status=nakrun.DONE)
        self.assertRegex(output.err, "deck.yaml:1:10: warning: contact.fraction is 0.5 and the grid has one column")

    def test_files_that_are_no_decks(self):
        (self.folder / "folder").mkdir()
        (self.folder / "file").write_text("x")
        (self.folder / "large.yaml").write_bytes(b"# large\n" * (100 * 1024 * 1024 // 8))
        for name, message in (("folder", r"is a directory"), ("large.yaml", r"larger than \d+ MiB"),
                              ("missing.yaml", r"missing\.yaml.*No such file"),
                              ("file/deck.yaml", r"file/deck\.yaml.*Not a directory")):
            for ranks in (0, 2):
                with self.subTest(name, ranks=ranks):
                    nakrun.call("run", name, ranks=ranks, folder=self.folder).demand(
                        nakrun.OUTPUT, message)

    def test_directories_that_cannot_be_written(self):
        (self.folder / "file").write_text("x")
        for place in ("file/run", "/dev/null/run", "/proc/run"):
            for ranks in (0, 2):
                with self.subTest(place, ranks=ranks):
                    self.check(PROTOCOL, f"output.directory={place}", verb="run", ranks=ranks,
                               status=nakrun.OUTPUT, message=re.escape(place.split("/run")[0]))

    def test_a_run_is_not_overwritten(self):
        self.check(PROTOCOL, "output.directory=r", "--quiet", verb="run", status=nakrun.DONE)
        self.check(PROTOCOL, "output.directory=r", verb="run", status=nakrun.OUTPUT,
                   message=r"--replace")
        self.check(PROTOCOL, "output.directory=r", "--replace", "--quiet", verb="run",
                   status=nakrun.DONE)

    def test_readers_that_leave(self):
        """`| head` ends what prints, without a word, and nothing of a run."""
        (self.folder / "deck.yaml").write_text(PROTOCOL)
        for command, status in (("--help-deck", -signal.SIGPIPE), ("run deck.yaml", nakrun.DONE)):
            with self.subTest(command):
                read, write = os.pipe()
                os.close(read)
                errors = write if command.startswith("run") else subprocess.PIPE
                done = subprocess.run([nakrun.program(), *command.split()], cwd=self.folder, stdout=write,
                                      stderr=errors, env=nakrun.environment(), timeout=60, check=False)
                os.close(write)
                self.assertEqual((done.returncode, done.stderr or b""), (status, b""))

    def test_command_line(self):
        cases = [
            ([], nakrun.INPUT, r"nakfield .*|usage|help"),
            (["rum", "deck.yaml"], nakrun.INPUT, r"rum"),
            (["run"], nakrun.INPUT, r"deck"),
            (["run", "--no-such-option", "deck.yaml"], nakrun.INPUT, r"no-such-option"),
            (["--help-deck=klingon"], nakrun.INPUT, r"klingon"),
            (["check", "deck.yaml", "--dry-run"], nakrun.INPUT, r"only run has the option '--dry-run'"),
            (["check", "deck.yaml", "--replace"], nakrun.INPUT, r"only run, impedance and phases .*'--replace'"),
            (["check", "--restart", "runs/x"], nakrun.INPUT, r"only run has the option '--restart'"),
            (["check", "deck.yaml", "--walltime", "1 h"], nakrun.INPUT, r"only run has the option '--walltime'"),
            (["run", "--restart", "runs/x", "--replace"], nakrun.INPUT, r"what this would remove: '--replace'"),
            (["run", "deck.yaml", "--new-physics"], nakrun.INPUT, r"this is for --restart: '--new-physics'"),
            (["run", "deck.yaml", "--walltime", "soon"], nakrun.INPUT, r"soon"),
            (["run", "deck.yaml", "other.yaml"], nakrun.INPUT, r"expected KEY=VALUE instead of 'other.yaml'"),
            (["phases"], nakrun.INPUT, r"no material behind"),
            (["drt"], nakrun.INPUT, r"no file behind"),
            (["--help"], nakrun.DONE, r"nakfield run"),
            (["--version"], nakrun.DONE, r"nakfield \d+\.\d+\.\d+"),
            (["--help-deck"], nakrun.DONE, r"interphase\.limiting_current|limiting_current"),
            (["--help-deck=markdown"], nakrun.DONE, r"\|.*limiting_current"),
        ]
        for arguments, status, message in cases:
            with self.subTest(arguments):
                nakrun.call(*arguments, ranks=0, folder=self.folder).demand(status, message)
        nakrun.call("rum", ranks=2, folder=self.folder).demand(nakrun.INPUT, "rum")


if __name__ == "__main__":
    unittest.main(verbosity=2)
