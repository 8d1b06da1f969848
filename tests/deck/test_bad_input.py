#!/usr/bin/env python3
"""Every entry of the schema, spoilt in every way; and entries that do not fit each other.

The table of entries is the program's own (`--help-deck=json`), so a new entry is tested as soon as
it exists.  Each spoilt deck has one error in many entries, and every one must be found in one pass,
at its line, with a message that says what is wrong; the exit status is 2.  Single attacks of all
kinds are in attacks.py.
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

SHOWN = 60  # entries spoilt in one deck; the program prints at most 100 errors
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
        spec = spec.get("anyOf", [spec])[-1]  # a section that a word may stand for
        if "properties" in spec:
            yield from entries(spec, f"{prefix}{name}.")
        else:
            yield entry_of(prefix + name, spec)


def misspelt(key):
    head, _, last = key.rpartition(".")
    worse = last[:-1] if len(last) > 4 and last[-2] != "_" else last + last[-1]
    return f"{head}.{worse}" if head else worse


# Sections that only decks of another model than the cell have, and the line that asks for the
# model.
MODELS = {"model: cahn_hilliard\n": ("box", "cahn_hilliard", "allen_cahn", "time", "multigrid"),
          "model: alloy\n": ("microstructure", "nuclei", "march")}
OF_CELLS = r"microstructure\.(pocket|gas_|pressure|angle_depleted|depletion_onset|void_(seed|nucleation))"
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
        return nakrun.call(verb, "deck.yaml", *more, ranks=ranks, folder=self.folder, leaks=verb != "check").demand(
            status, message)

    def spoil(self, note, pairs, messages, tail=PROTOCOL):
        """Each entry of `pairs` has an error at its own line, and nothing else has."""
        text, where = deck_of(pairs)
        output = self.check(text + tail)
        found = re.findall(r"^deck\.yaml:(\d+):\d+: (.*)$", output.err, re.MULTILINE)
        by_line = {int(line): words for line, words in found}
        self.assertEqual(len(found), len(pairs), f"{note}: one error a line\n{output.err}")
        for index, (key, value) in enumerate(pairs):
            words = by_line.get(where[index], "nothing")
            with self.subTest(note, key=key):
                self.assertIn(key, words)
                self.assertRegex(words, messages[index])

    def parts(self, applies):
        """The entries, by the kind of deck that has them, as many as are shown; what ends such a
        deck.
        """
        others = {section: model for model, sections in MODELS.items() for section in sections}
        for tail in (PROTOCOL, *MODELS):
            chosen = [e for e in self.entries if applies(e) and tail == (
                PROTOCOL if re.match(OF_CELLS, e.key) else others.get(e.key.split(".")[0], PROTOCOL))]
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

    def test_contradictions_are_found_together(self):
        """Entries that are right alone: one error each, with the place of its section."""
        errors = self.check(
            "grid: {nx: 4, alloy_height: 5 mm, electrolyte_layers: 0}\n"
            "solver: {first_step: 1 ns, shortest_step: 1 us}\n"
            "contact: {fraction: 0.5}\n"
            "interphase: {diffusion_time: 1000 h}\n"
            "impedance: {grain_boundary_resistance: 1 kohm.cm^2, frequency_max: 0.01 Hz}\n"
            "protocol: [{impedance: }]\n", message="6 errors").err
        for line, word in ((1, "grid.alloy_height"), (2, "solver.first_step"), (3, "contact.fraction"),
                           (4, "interphase.limiting_current"), (5, "impedance.grain_boundary_resistance"),
                           (5, "impedance.frequency_max")):
            self.assertRegex(errors, rf"deck.yaml:{line}:.*{word}")

    def test_entries_of_another_kind_of_deck(self):
        output = self.check("model: alloy\nprotocol: [{rest: 1 s}]\ncontact: {fraction: 1}\nvoid: 1\n", message="3 errors")
        for line, words in ((2, "'protocol' has no meaning in a deck with 'model: alloy'"), (3, "'contact' has no meaning"),
                            (4, "unknown key 'void'")):
            self.assertRegex(output.err, f"deck.yaml:{line}:1: {words}")

    def test_interfaces_narrower_than_a_cell(self):
        deck = "model: cahn_hilliard\nbox: {nx: 100, width: 200}\n"
        self.assertEqual(self.check(deck, status=nakrun.DONE).err, "")  # 4.47 and 2
        output = self.check(deck, "cahn_hilliard.kappa=0.3", status=nakrun.DONE)  # 1.73
        self.assertRegex(output.err, "deck.yaml:2:6: warning: interfaces are 1.73 wide and a cell 2:")

    def test_voids_that_cannot_be(self):
        """`check` finds what the run would refuse: one column, gas that dissolves from a void too
        small for the interface, and a void as high as its zone."""
        deck = "grid: {nx: 64, width: 16 um}\n" \
               "microstructure: {pockets: 1, gas_dissolution: 1e-15 m^2/s}\n" + PROTOCOL
        self.check(deck, status=nakrun.DONE)
        self.check(deck, "microstructure.gas_dissolution=0 m^2/s", "microstructure.pocket_radius=0.3 um",
                   status=nakrun.DONE)
        for entry, message in (
                ("grid.nx=1", "voids need more than one column"),
                ("grid.nx=63", "columns are 0.25.* um wide.*raise grid.nx .and grid.ny"),
                ("grid.electrolyte_layers=0", "grains or voids and grid.electrolyte_layers is 0.*resolve the electrolyte"),
                ("microstructure.pocket_radius=0.3 um", "with microstructure.gas_dissolution, .pocket_radius must be larger"),
                ("microstructure.pocket_radius=6 um", "9 um high at the start, and microstructure.height is 8 um")):
            self.assertRegex(self.check(deck, entry, message="1 error").err, f"deck.yaml:2:17: .*{message}")

    def test_pockets_that_have_no_room(self):
        """Feet of 2 um sin(60 deg) each, side by side: 9.24 on 16 um; a disc of them, 108.6 on 16
        um squared.
        """
        deck = "grid: {nx: 64, width: 16 um}\nmicrostructure: {pockets: 9}\n" + PROTOCOL
        self.check(deck, status=nakrun.DONE)
        self.check(deck, "grid.ny=64", "microstructure.pockets=108", status=nakrun.DONE)
        for room, entries in ((9, ("microstructure.pockets=10",)), (9, ("microstructure.pockets=100000",)),
                              (108, ("grid.ny=64", "microstructure.pockets=109"))):
            self.check(deck, *entries, message=f"room for {room}: lower it or microstructure.pocket_radius")

    def test_what_the_alloy_cannot_give(self):
        """A film of more K and an adlayer of more Na than the cell has, and an alloy that is high
        for a cell's.  40 mm3 of NaK50, 0.88 g/cm3, over 38.5 mm2 are half K, whose solid has 0.86
        g/cm3: 0.53 mm."""
        deck = "interphase: {film_thickness: 0.1 mm}\n" + PROTOCOL
        self.check(deck, status=nakrun.DONE)
        for entry, message in (
                ("interphase.film_thickness=0.6 mm", "all K of the alloy is a layer of 5[2-5]\\d(\\.\\d+)? um"),
                ("interphase.film_thickness=1 mm", "interphase.film_thickness is 1000 um, and all K of the alloy")):
            for verb in ("check", "run"):
                self.check(deck, entry, message=message, verb=verb)
        self.check(deck, "alloy.volume=1e-12 m^3", "grid.alloy_height=10 nm", "kinetics.adlayer_charge=1000 C/m^2",
                   "interphase.film_thickness=1 nm", message="all sodium of the alloy is")
        self.check(deck, "cell.area=1e-4 mm^2", status=nakrun.DONE, message="warning: the alloy in the cell is 400 m high")

    def test_layers_of_ions_that_cannot_be(self):
        deck = ("electrolyte: {kind: liquid, transport: layers}\ninterphase: none\nsalt: {molar_volume: 55 cm^3/mol}\n"
                "membrane: {anions: 1 mol/L}\n" + PROTOCOL)
        self.check(deck, status=nakrun.DONE)
        for *entries, message in (
                ("electrolyte.kind=solid", "transport is layers, and electrolyte.kind is solid, in which only Na\\+ moves"),
                ("grid.electrolyte_layers=3", "grid.electrolyte_layers is 3, and electrolyte.transport is layers: raise it to 4"),
                ("electrolyte.porosity=1.2", "electrolyte.porosity.*between 0.001 and 1"),
                ("electrolyte.porosity=0", "electrolyte.porosity.*between 0.001 and 1"),
                ("electrolyte.anion_diffusivity=0 m^2/s", "electrolyte.anion_diffusivity.*between 1e-16"),
                ("salt.separator_rate=1 mol/m^3/s", "salt.solubility is 0, with which the salt stays dissolved"),
                ("electrolyte.exchange_time=1 h", "electrolyte.volume=0.1 mm^3", "there is no liquid beyond them"),
                ("membrane={thickness: 10 um, sodium_diffusivity: 0 m^2/s}", "the membrane lets nothing pass; raise one of them"),
                ("membrane={thickness: 10 um, sodium_diffusivity: 0 m^2/s, potassium_diffusivity: 1e-11 m^2/s}",
                 "electrolyte.potassium is 0, and the membrane lets only K\\+ pass"),
                ("membrane={thickness: 10 um}", "grid.electrolyte_layers=13", "and the membrane is 4 of them amid the others")):
            self.check(deck, *entries, message=message)
        self.check(deck.replace("layers", "mixed"), "grid.nx=8", message="or write 'transport: layers'")

    def test_a_protocol_without_end(self):
        turns = "protocol: [{repeat: 1000000, steps: [{repeat: %d, steps: [{rest: 1 s}]}]}]\n"
        self.check(turns % 1000000, status=nakrun.DONE)
        self.check(turns % 1000000000, message="goes through up to 1e\\+15 steps, and 1e12 are allowed: lower 'repeat'")

    def test_a_contact_of_no_column(self):
        deck = "grid: {nx: 8, width: 8 um}\ncontact: {fraction: 0.1}\n" + PROTOCOL
        self.check(deck, status=nakrun.DONE)
        output = self.check(deck, "contact.fraction=0.05", message="1 error")
        self.assertRegex(output.err, "deck.yaml:2:10: contact.fraction is 0.05, which leaves no column of the 8 x 1 grid")

    def test_an_alloy_that_is_partly_solid(self):
        """A message says what it consists of, or that it is computed as a supercooled liquid."""
        deck = "alloy: {temperature: 0 degC}\n" + PROTOCOL
        told = "deck.yaml:1:8: warning: at 273.15 K "
        for entries, message in (
                ((), "the alloy is partly solid: 16.4 % liquid .44.2 at% Na., 83.6 % Na2K, which stays in the reservoir; "
                     "liquid alone is stable from 68.25 to 83.21 wt%"),
                (("alloy.compounds=false",), "the alloy is partly solid: 77.5 % liquid .52.7 at% Na., 22.5 % solid Na"),
                (("alloy.solids=supercooled",), "liquid NaK is stable from 68.25 to 83.21 wt% K only; .* supercooled"),
                (("alloy.solids=supercooled", "alloy.compounds=false"), "liquid NaK is stable from 60.46 to 83.21 wt%"),
                (("alloy.potassium=90 mol%",), "the alloy is partly solid: .* solid K, .* 55.82 to 74.45 mol%")):
            self.assertRegex(self.check(deck, *entries, status=nakrun.DONE).err, told + message)
        for entries in (("alloy.potassium=80 wt%",), ("alloy.potassium=65 wt%", "alloy.compounds=false")):
            self.assertEqual(self.check(deck, *entries, status=nakrun.DONE).err, "")

    def test_entries_without_effect(self):
        """Each is named, with what would give it one.  Defaults that are given are not."""
        deck = "contact: {shape: disc}\n" + PROTOCOL
        for entry, change in (("counter.potassium=65 wt%", "counter.kind is sodium: set that to alloy"),
                              ("counter.charge_transfer_resistance=1 ohm.cm^2", "set that to alloy or host"),
                              ("counter.voltage_na=3 V", "set that to host"),
                              ("contact.seed=4", "contact.shape is disc: set that to patches"),
                              ("salt.room=1 mol/m^2", "electrolyte.kind is solid: set that to liquid"),
                              ("membrane.thickness=1 um", "electrolyte.transport is mixed: set that to layers"),
                              ("membrane.anions=2 mol/L", "membrane.thickness is 0 m: change that")):
            self.assertRegex(self.check(deck, entry, status=nakrun.DONE).err,
                             f"warning: {entry.split('=')[0]} has no effect while .*{change}, or leave this out")
        self.assertEqual(self.check(deck, "counter.potassium=0 wt%", "membrane.anions=1 mol/L", status=nakrun.DONE).err, "")

    def test_spectra_that_never_come(self):
        deck = "title: x\nprotocol: [{rest: 10 s, impedance: {every: %s}}]\n"
        self.assertRegex(self.check(deck % "11 s", status=nakrun.DONE).err, "the item lasts 10 s: there will be none")
        self.assertEqual(self.check(deck % "10 s", status=nakrun.DONE).err, "")
        self.check("title: x\nprotocol: [impedance]\n", message="a colon is missing: write 'impedance:'")
        self.check("title: x\nprotocol: [{rest: , until: voltage > 3 V and time > 1 s}]\n",
                   message="more than one condition: write a list, 'until: .A, B.'")
        self.check("title: x\nprotocol: [{rest: 1 s}, {for: 1 s}]\n", message="belongs to the item above it, remove its '- '")

    def test_an_alloy_without_liquid(self):
        """A cell needs some; supercooled it has."""
        deck = "alloy: {temperature: 0 degC, potassium: 40 wt%}\n" + PROTOCOL
        output = self.check(deck, message="1 error")
        self.assertRegex(output.err, "deck.yaml:1:8: at 273.15 K the alloy is all solid: 83.9 % Na2K, 16.1 % solid Na; "
                                     ".* from 68.25 to 83.21 wt% K: .*alloy.solids to supercooled")
        output = self.check(deck, "alloy.potassium=99 mol%", message="1 error")
        self.assertRegex(output.err, "the alloy is all solid: 100.0 % solid K; a cell")
        for entry in ("alloy.solids=supercooled", "alloy.compounds=false", "alloy.temperature=25 degC"):
            self.check(deck, entry, status=nakrun.DONE)

    def test_a_temperature_without_liquid(self):
        """Below its eutectic Na2K leaves none; a supercooled alloy and one without compounds have
        some yet.
        """
        deck = "alloy: {temperature: -14 degC}\n" + PROTOCOL
        self.assertRegex(self.check(deck, message="1 error").err,
                         "deck.yaml:1:22: alloy.temperature is 259.15 K: no liquid NaK is stable there")
        self.check(deck, "alloy.compounds=false", status=nakrun.DONE)
        output = self.check(deck, "alloy.solids=supercooled", status=nakrun.DONE)
        self.assertRegex(output.err, "deck.yaml:1:8: warning: at 259.15 K no liquid NaK is stable; .* supercooled")
        for entry in ("alloy.compounds=false", "alloy.solids=supercooled"):  # beside solid solutions none from here on
            output = self.check(deck, entry, "alloy.temperature=245 K", message="1 error")
            self.assertRegex(output.err, "no liquid NaK is stable there")
            self.assertNotIn("supercooled liquid", output.err)

    def test_a_temperature_outside_the_fit(self):
        """The material's, that of the energies; of the start and of every item of the protocol."""
        text = "alloy:\n  temperature: {}\nprotocol: [{{rest: 1 s}}]\n"
        for value, kelvin in (("-40 degC", "233.15"), ("150 degC", "423.15")):
            self.assertRegex(self.check(text.format(value), message="1 error").err,
                             f"deck.yaml:2:16: alloy.temperature is {kelvin} K: the energies of NaK hold between "
                             "240 K and 420 K")
        output = self.check("title: hot\nprotocol:\n  - rest: 1 s\n  - {rest: 1 s, temperature: 150 degC}\n",
                            message="1 error")
        self.assertRegex(output.err, r"deck.yaml:4:\d+: a temperature of 423.15 K is outside .* to 420 K")

    def test_former_entries(self):
        """What went, or changed its kind, names its successor."""
        for section, entry, successor in (
                ("kinetics", "deposit_rate: 1e-9 m/s", "write kinetics.deposit_barrier, such as 18 mV"),
                ("kinetics", "deposit_dissolution_time: 1 h", "write kinetics.deposit_resistance, such as 5 ohm.cm.2"),
                ("kinetics", "filament_onset: 20 nm", "it is a charge per area now, such as 0.12 mAh/cm.2"),
                ("voids", "pockets: 1", "write microstructure.pockets"),
                ("voids", "width: 1 um", "write microstructure.interface_width"),
                ("voids", "tolerance: 1e-3", "write solver.tolerance"),
                ("impedance", "grain_boundary_resistance: 100 ohm.cm^2",
                 "write electrolyte.grain_boundary_resistivity, .* over electrolyte.pellet_thickness")):
            key, value = entry.split(": ")
            output = self.check(f"title: old\n{section}:\n  {entry}\n" + PROTOCOL, message="1 error")
            self.assertRegex(output.err, rf"deck.yaml:3:\d+: .*{section}.{key}.*{successor}")
            output = self.check(PROTOCOL, f"{section}.{key}={value}", message="1 error")
            self.assertRegex(output.err, rf"command line:1: .*{section}.{key}.*{successor}")
        self.check("kinetics: {filament_onset: 20 m}\n" + PROTOCOL, message="it is a charge per area now")
        self.check("kinetics: {filament_onset: 20 s}\n" + PROTOCOL, message="is the wrong dimension")
        self.check("kinetics: {filament_onset: 0.1 mAh/cm^2}\n" + PROTOCOL, status=nakrun.DONE)

    def test_an_interface_that_cannot_be(self):
        """Values at and beyond the bounds of the face's laws, each at its line."""
        for section, entry, message in (
                ("kinetics", "deposit_barrier: -1 mV", "must be between 0 mV and"),
                ("kinetics", "adlayer_constant: 0", "must be between 1e-06 and"),
                ("kinetics", "adlayer_charge: -1 mC/cm^2", "must be between 0 mC/cm.2 and"),
                ("kinetics", "deposit_cover: 0 mAh/cm^2", "must be between"),
                ("kinetics", "deposit_resistance: 0 ohm.cm^2", "must be between"),
                ("interphase", "over_limit_resistance: -1 ohm.cm^2", "must be between 0 ohm.cm.2 and"),
                ("interphase", "film_rate: -1e-5 1/s", "must be between 0 1/s and")):
            key = entry.split(": ")[0]
            output = self.check(f"title: x\n{section}:\n  {entry}\n" + PROTOCOL, message="1 error")
            self.assertRegex(output.err, rf"deck.yaml:3:\d+: {section}.{key} is .*{message}")
        for entry in ("kinetics: {deposit_barrier: 0 mV}", "kinetics: {adlayer_charge: 0 mC/cm^2}",
                      "interphase: {over_limit_resistance: 0 ohm.cm^2}", "interphase: {film_rate: 0 1/s}"):
            self.assertEqual(self.check(entry + "\n" + PROTOCOL, status=nakrun.DONE).err, "")

    def test_a_film_faster_than_the_shortest_step(self):
        deck = "solver: {shortest_step: 1 ms, first_step: 2 ms}\ninterphase:\n  film_rate: 1001 1/s\n" + PROTOCOL
        self.assertRegex(self.check(deck, message="1 error").err,
                         r"deck.yaml:3:\d+: interphase.film_rate is 1001 1/s: the K film grows faster than "
                         r"solver.shortest_step, 0.001 s; lower one of them")
        for entry in ("interphase.film_rate=999 1/s", "solver.shortest_step=0.9 ms"):
            self.check(deck, entry, status=nakrun.DONE)

    def test_grains_of_a_cell(self):
        """Each is refused alone, with the entry and the remedy; one that is right is not."""
        deck = ("microstructure: {grains_b: 1, interface_width: 1 um, height: 8 um}\n"
                "grid: {nx: 64, width: 16 um}\nnuclei: {count: 1}\nsolver: {jump: false}\n"
                "alloy: {compounds: false}\n" + PROTOCOL)
        self.assertEqual(self.check(deck, status=nakrun.DONE).err, "")
        for entries, line, message in (
                (("microstructure.interface_width=0.99 um",), 1,
                 "microstructure.interface_width is 0.99 um and columns are 0.25 um wide.*4 columns.*raise grid.nx .and "
                 r"grid.ny\), or microstructure.interface_width to 1 um"),
                (("grid.ny=4", "grid.depth=2 um", "grid.nx=64"), 1, "columns are 0.5 um wide.*raise grid.nx .and grid.ny"),
                (("microstructure.height=41 um",), 1,
                 r"microstructure.height is 41 um, and only 40 um .*\(grid.alloy_height\): lower the first or raise "
                 "the second"),
                (("alloy.temperature=340 K",), 1,
                 "at 340 K no liquid of NaK is in equilibrium with solid K: lower alloy.temperature or leave these grains out"),
                (("nuclei.solid=a",), 3,
                 "nuclei.solid is a, and microstructure.grains_a is 0: raise it, choose the other solid or set nuclei.count "
                 "to 0"),
                (("solver.jump=true",), 4, "solver.jump is true and there are grains or voids.*set solver.jump to false"),
                (("grid.electrolyte_layers=0",), 1,
                 "there are grains or voids and grid.electrolyte_layers is 0.*resolve the electrolyte"),
                (("microstructure.grains_b=5", "microstructure.grains_a=3"), 1,
                 "microstructure.grains_a and grains_b are 8 together, and at most 7 are possible"),
                (("microstructure.grains_b=5", "microstructure.grains_a=2", "microstructure.pockets=1"), 1,
                 "microstructure.grains_a and grains_b are 7 together, and at most 6 are possible")):
            with self.subTest(entries):
                output = self.check(deck, *entries, message="1 error")
                self.assertRegex(output.err, rf"deck.yaml:{line}:\d+: .*{message}")
        output = self.check(deck, "nuclei.solid=a", "solver.jump=true", "microstructure.height=41 um", message="3 errors")
        for line in (1, 3, 4):
            self.assertRegex(output.err, rf"deck.yaml:{line}:")
        self.check(deck, "grid.nx=1", "grid.electrolyte_layers=0", status=nakrun.DONE)  # a line needs none

    def test_the_pellet(self):
        """A resolved part that is more than the whole; a series resistance that may be the pellet's
        own.
        """
        deck = "title: x\nelectrolyte: {thickness: 1.6 mm}\n" + PROTOCOL
        self.assertRegex(self.check(deck, message="1 error").err,
                         r"deck.yaml:2:14: electrolyte.thickness, the resolved part, is 1600 um, and the whole pellet "
                         r"has 1500 um: lower it or raise electrolyte.pellet_thickness")
        for entry in ("electrolyte.thickness=1.5 mm", "electrolyte.pellet_thickness=1.6 mm"):
            self.check(deck, entry, status=nakrun.DONE)
        deck = "title: x\ncell: {series_resistance: 20 ohm.cm^2}\n" + PROTOCOL
        self.assertRegex(self.check(deck, status=nakrun.DONE).err,
                         r"deck.yaml:2:27: warning: cell.series_resistance adds 20 ohm.cm.2 to the 250 ohm.cm.2 of the "
                         "pellet, which follow from electrolyte.pellet_thickness")
        for entry in ("electrolyte.pellet_thickness=1.5 mm", "electrolyte.conductivity=0.1 S/m",
                      "electrolyte.grain_boundary_resistivity=6 ohm.m", "cell.series_resistance=0 ohm.m^2"):
            self.assertEqual(self.check(deck, entry, status=nakrun.DONE).err, "")

    def test_a_film_that_grows_at_rest(self):
        """In a supercooled alloy past the liquidus of K; where K freezes in the reservoir it does
        not.
        """
        deck = "title: x\nalloy: {potassium: 92 wt%, solids: supercooled}\n" + PROTOCOL
        # ln 2 and ln 1e30 over 8e-5 1/s; the film's energy makes the second rate 0.586 times the
        # first
        for entry, half, all_but in (("title=x", "2.41", "240"), ("alloy.temperature=0 degC", "4.11", "409")):
            self.assertRegex(self.check(deck, entry, status=nakrun.DONE).err,
                             r"deck.yaml:2:8: warning: at [0-9.]+ K the supercooled alloy is past the liquidus of solid K: its film "
                             rf"covers half of the face after {half} h even at rest, and all but 1e-30 of it after "
                             rf"{all_but} h")
        for entry in ("alloy.solids=equilibrium", "interphase.film_rate=0 1/s", "alloy.potassium=90 wt%"):
            self.assertNotIn("film", self.check(deck, entry, status=nakrun.DONE).err)

    def test_what_the_limit_refers_to(self):
        """`check` says what `interphase.per` means for the deck."""
        deck = "grid: {nx: 64}\ncontact: {fraction: 0.25, patch: 16 um}\n" + PROTOCOL
        for per, cell, contact in (("cell", "0.73", "2.92"), ("contact", "0.1825", "0.73")):
            output = self.check(deck, f"interphase.per={per}", status=nakrun.DONE)
            self.assertIn(f"interphase.per is {per}: the limiting current is {cell} mA/cm^2 of the cell, "
                          f"{contact} where there is contact", output.out)
        self.assertNotIn("interphase.per", self.check(deck, "contact.fraction=1", status=nakrun.DONE).out)

    def test_a_protocol_that_freezes_the_cell(self):
        """Each temperature at which no liquid is left is an error at its place, and solids on the
        way are reported.
        """
        deck = "protocol: [{temperature: -14 degC}, {rest: 1 h, temperature: {to: 250 K, for: 1 h}}]\n"
        output = self.check(deck, message="2 errors")
        for place, kelvin in (("1:26", "259.15"), ("1:67", "250")):
            self.assertRegex(output.err, f"deck.yaml:{place}: at {kelvin} K the alloy is all solid, and a cell needs liquid: "
                                         "ask for 260.53. K .-12.62 degC. or more, or change alloy.potassium")
        output = self.check(deck, "alloy.solids=supercooled", message="1 error")  # no liquid of any composition at 250 K
        self.assertRegex(output.err, "deck.yaml:1:67: at 250 K the alloy is all solid.*ask for 251.3. K .-21.8. degC. or more")
        self.check(deck, "alloy.compounds=false", message="1 error")
        output = self.check(deck, "protocol.0.temperature=2 degC", "alloy.potassium=40 wt%", message="2 errors")
        self.assertIn("ask for 280.082 K (6.932 degC) or more", output.err)  # Na2K and Na below it
        output = self.check(deck, "protocol=[{temperature: 0 degC}, {temperature: -10 degC}]", status=nakrun.DONE)
        self.assertRegex(output.err, "warning: at 263.15 K the alloy is partly solid: 11.5 % liquid .34.4 at% Na., ")
        self.assertNotIn("273.15", output.err)  # the coldest says it
        output = self.check(deck, "protocol=[{temperature: -10 degC}]", "alloy.potassium=80 wt%",
                            "alloy.solids=supercooled", status=nakrun.DONE)
        self.assertRegex(output.err, "warning: at 263.15 K the supercooled alloy is past the liquidus of solid K")

    def test_an_activation_energy(self):
        """In eV, or in what is an energy of one particle."""
        for energy, remedy in (("10.25 kJ/mol", "kJ/mol is the wrong dimension; it must be a quantity in eV"),
                               ("3 eV", "must be between 0 eV and 2 eV"), ("-1 meV", "must be between 0 meV and 2000 meV"),
                               ("0.1", "needs a unit, for example 0.1 eV")):
            output = self.check(f"alloy: {{activation_energy: {energy}}}\n" + PROTOCOL, message="1 error")
            self.assertRegex(output.err, f"deck.yaml:1:28: alloy.activation_energy is {energy}: .*{remedy}")
        for energy in ("0 eV", "106 meV", "1.7e-20 J"):
            self.check(f"alloy: {{activation_energy: {energy}}}\n" + PROTOCOL, status=nakrun.DONE)

    def test_contact_coarser_than_the_electrolyte_spreads(self):
        """Then a held current and a held voltage disagree, which a warning says."""
        grid = "grid: {nx: 20, width: 2 mm}\ncontact: {fraction: 0.5, shape: strip}\n"
        output = self.check(grid + PROTOCOL, status=nakrun.DONE)
        self.assertRegex(output.err, "deck.yaml:2:10: warning: contact and its gaps are about 1000 um wide")
        for finer in ("grid.width=256 um", "electrolyte.thickness=1.5 mm", "contact.fraction=1"):
            self.assertEqual(self.check(grid + PROTOCOL, finer, status=nakrun.DONE).err, "")

    def test_warnings_are_in_the_log(self):
        """For who submits a batch job and reads what it left."""
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
            output = self.check(grid + PROTOCOL, "contact.patch=1 um", fine, status=nakrun.DONE)
            self.assertNotIn("columns", output.err)
        output = self.check(grid + PROTOCOL, "grid.nx=1", status=nakrun.DONE)
        self.assertRegex(output.err, "deck.yaml:1:10: warning: contact.fraction is 0.5 and the grid has one column")

    def test_readers_that_leave(self):
        """`| head` ends what prints, without a word, and nothing of a run."""
        (self.folder / "deck.yaml").write_text(PROTOCOL)
        ended = ("--help-deck", "watch runs/deck", "study --help", "fit --help", "report --help")
        for command, status in (("run deck.yaml", nakrun.DONE), *((command, -signal.SIGPIPE) for command in ended)):
            with self.subTest(command):
                read, write = os.pipe()
                os.close(read)
                errors = write if command.startswith("run") else subprocess.PIPE
                done = subprocess.run([nakrun.program(), *command.split()], cwd=self.folder, stdout=write,
                                      stderr=errors, env=nakrun.environment(), timeout=60, check=False)
                os.close(write)
                self.assertEqual((done.returncode, done.stderr or b""), (status, b""))

    def test_standard_output_that_cannot_be_written(self):
        """On a full disk an error, whatever the command; one that is closed is not wanted."""
        (self.folder / "deck.yaml").write_text(PROTOCOL)
        (self.folder / "z.txt").write_text("freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\n1e5\t1\t0.1\n1e3\t2\t1\n10\t3\t0.5\n1\t4\t0.1\n")
        for arguments in ("drt z.txt", "--help", "help", "help voltage", "--version", "--help-deck", "--help-deck=json",
                          "check deck.yaml", "run deck.yaml --dry-run", "phases KRb --replace",
                          "run deck.yaml --replace", "run --restart runs/deck"):
            cases = [(">/dev/full", nakrun.OUTPUT, "is the disk full")]
            if "replace" in arguments:
                cases.append((">&-", nakrun.DONE, None))
            for where, status, message in cases:
                with self.subTest(arguments, where=where):
                    nakrun.shell(f'"$@" {where}', *arguments.split(), folder=self.folder).demand(
                        status, message)


if __name__ == "__main__":
    unittest.main(verbosity=2)
