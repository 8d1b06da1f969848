#!/usr/bin/env python3
"""`nakfield phases` against common tangents found by SciPy, which share nothing with the program
but the file of the material; and files of materials that are wrong, or new.
"""
import csv
import re
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import yaml
from scipy.optimize import brentq, fsolve
from scipy.spatial import ConvexHull

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nakrun  # noqa: E402

MATERIALS = nakrun.DECKS / "materials"
R, FARADAY = 8.314462618, 96485.33212


class Alloy:
    """Gibbs energies as docs/materials.md defines them, straight from the file."""

    def __init__(self, name):
        self.data = yaml.safe_load((MATERIALS / f"{name}.yaml").read_text())
        self.compounds = {c["name"]: c for c in self.data.get("compounds", [])}

    @staticmethod
    def energy(terms, T):
        powers = {"1": 0, "T": 1}
        return sum(float(value) * T ** powers.get(str(key), int(str(key)[2:] or 0))
                   for key, value in (terms or {}).items())

    def solution(self, phase, T, x):
        data = self.data[phase]
        mixing = sum(self.energy(terms, T) * (2 * x - 1) ** k for k, terms in enumerate(data["mixing"]))
        with np.errstate(all="ignore"):
            ideal = np.nan_to_num(x * np.log(x)) + np.nan_to_num((1 - x) * np.log(1 - x))
        return (x * self.energy(data.get("A"), T) + (1 - x) * self.energy(data.get("B"), T)
                + R * T * ideal + x * (1 - x) * mixing)

    def potentials(self, phase, T, x):
        """mu_A and mu_B, by a difference quotient of the energy."""
        h = 1e-5 * min(x, 1 - x)
        slope = (self.solution(phase, T, x + h) - self.solution(phase, T, x - h)) / (2 * h)
        G = self.solution(phase, T, x)
        return np.array([G + (1 - x) * slope, G - x * slope])

    def points(self, T):
        """(x, G, phase) of everything, sampled."""
        x = np.concatenate([[0], np.geomspace(1e-6, 1e-3, 40), np.linspace(1.5e-3, 1 - 1.5e-3, 1996),
                            1 - np.geomspace(1e-6, 1e-3, 40)[::-1], [1]])
        rows = [(a, g, phase) for phase in ("liquid", "solid")
                for a, g in zip(x, self.solution(phase, T, x))]
        for name, c in self.compounds.items():
            rows.append((c["A"] / (c["A"] + c["B"]), self.energy(c["energy"], T), name))
        return rows

    def ties(self, T):
        """Equilibria from the lower convex hull: (phase, x, phase, x), exact by fsolve."""
        rows = self.points(T)
        xy = np.array([(x, g) for x, g, _ in rows])
        hull = ConvexHull(xy)
        lower = [s for s, e in zip(hull.simplices, hull.equations) if e[1] < 0]
        found = []
        for pair in lower:
            a, b = sorted(pair, key=lambda i: xy[i][0])
            if rows[a][2] != rows[b][2] or xy[b][0] - xy[a][0] > 2e-3:
                found.append(self.refine(T, rows[a], rows[b]))
        return sorted(found, key=lambda tie: tie[1])

    def refine(self, T, left, right):
        names, free = (left[2], right[2]), [p[2] in ("liquid", "solid") for p in (left, right)]

        def line(logits):
            x = 1 / (1 + np.exp(-np.asarray(logits)))
            if all(free):
                return self.potentials(names[0], T, x[0]) - self.potentials(names[1], T, x[1])
            k = free.index(True)
            fixed = (left, right)[1 - k]
            mu = self.potentials(names[k], T, x[0])
            return [mu[0] * fixed[0] + mu[1] * (1 - fixed[0]) - fixed[1]]

        start = [np.log(p[0] / (1 - p[0])) for p, f in zip((left, right), free) if f]
        x = list(1 / (1 + np.exp(-fsolve(line, start, xtol=1e-12))))
        ends = [x.pop(0) if f else p[0] for p, f in zip((left, right), free)]
        return names[0], ends[0], names[1], ends[1]


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Phases(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def phases(self, material, *more, status=nakrun.DONE, message=None, ranks=0):
        output = nakrun.call("phases", material, "output.directory=out", *more, "--replace",
                             ranks=ranks, folder=self.folder).demand(status, message)
        if status == nakrun.DONE:
            out = self.folder / "out"
            self.boundaries = table(out / "boundaries.csv")
            self.invariants = table(out / "invariants.csv")
            self.energies = table(out / "energies.csv")
        return output

    def check_ties(self, name, symbol, temperatures):
        alloy = Alloy(name)
        self.phases(name)
        for T in temperatures:
            mine = [(r["phase_left"], float(r[f"x_{symbol}_left"]), r["phase_right"],
                     float(r[f"x_{symbol}_right"])) for r in self.boundaries
                    if float(r["temperature_K"]) == T]
            expected = alloy.ties(T)
            with self.subTest(name, T=T):
                self.assertEqual([t[::2] for t in mine], [t[::2] for t in expected])
                np.testing.assert_allclose([t[1::2] for t in mine], [t[1::2] for t in expected],
                                           atol=1e-6)

    def test_sodium_potassium_ties(self):
        self.check_ties("NaK", "Na", [240, 255, 261, 270, 279.5, 281, 298, 320, 335, 350, 370])

    def test_potassium_rubidium_ties(self):
        self.check_ties("KRb", "K", [308, 310, 312, 313, 320, 330, 336])

    def test_sodium_potassium_points(self):
        output = self.phases("NaK", "temperature=25 degC")
        window = re.search(r"liquid from x_Na = (\S+) to (\S+) ", output.out)
        self.assertAlmostEqual(float(window[1]), 0.143, delta=2e-3)
        self.assertAlmostEqual(float(window[2]), 0.704, delta=2e-3)
        points = {r["kind"]: r for r in self.invariants}
        for kind, T, x in (("eutectic", 260.5, 0.325), ("peritectic", 280.1, 2 / 3)):
            self.assertAlmostEqual(float(points[kind]["temperature_K"]), T, delta=0.2)
            self.assertAlmostEqual(float(points[kind]["x_Na_2"]), x, delta=2e-3)
        melting = [float(r["temperature_K"]) for r in self.invariants if r["kind"] == "melting"]
        alloy = Alloy("NaK")
        for T, metal in zip(melting, "BA"):
            expected = brentq(lambda t, m=metal: alloy.energy(alloy.data["liquid"][m], t), 300, 400)
            self.assertAlmostEqual(T, expected, delta=1e-3)

    def test_sodium_potassium_energies(self):
        self.phases("NaK", "temperature=298.15 K")
        alloy, T = Alloy("NaK"), 298.15
        for row in self.energies[4::20]:
            x = float(row["x_Na"])
            mu = alloy.potentials("liquid", T, x)
            self.assertAlmostEqual(float(row["mu_Na_J_mol"]), mu[0], delta=1e-3)
            self.assertAlmostEqual(float(row["mu_K_J_mol"]), mu[1], delta=1e-3)
            self.assertAlmostEqual(float(row["ocv_V"]), -mu[0] / FARADAY, delta=1e-8)
            for name, solid in (("K", np.linspace(1e-9, 0.1, 20001)),
                                ("Na", np.linspace(0.9, 1 - 1e-9, 20001))):
                gain = solid * mu[0] + (1 - solid) * mu[1] - alloy.solution("solid", T, solid)
                self.assertAlmostEqual(float(row[f"driving_{name}_J_mol"]), gain.max(), delta=0.01)
        row = min(self.energies, key=lambda r: abs(float(r["x_Na"]) - 0.63))
        for name, expected, tolerance in (("driving_K_J_mol", -892, 9), ("driving_Na_J_mol", -110, 1.1),
                                          ("ocv_V", 1.6e-3, 1e-4), ("thermodynamic_factor", 0.41, 5e-3)):
            self.assertAlmostEqual(float(row[name]), expected, delta=tolerance)

    def test_potassium_rubidium_points(self):
        output = self.phases("KRb", message="no liquid is stable")
        self.assertEqual([r["kind"] for r in self.invariants], ["congruent", "melting", "melting"])
        self.assertAlmostEqual(float(self.invariants[0]["temperature_K"]), 307.0, delta=0.02)
        self.assertAlmostEqual(float(self.invariants[0]["x_K_1"]), 0.333, delta=2e-3)
        self.assertIn("K and Rb", output.out)

    def test_any_temperature(self):
        """Within the range of the file an answer, outside it a refusal."""
        for T in np.linspace(240, 420, 19):
            self.phases("NaK", f"temperature={T} K", message="liquid")
        for T in (239.9, 420.1, 1e3):
            self.phases("NaK", f"temperature={T} K", status=nakrun.INPUT,
                        message=r"command line:2: temperature is .*hold between 240 K and 420 K")
        for text in ("many K", "5 m", "nan K", "-3 K"):
            self.phases("NaK", f"temperature={text}", status=nakrun.INPUT, message="command line:2: ")

    def test_places(self):
        """A path, beside the deck, or nowhere."""
        text = (MATERIALS / "NaK.yaml").read_text()
        (self.folder / "mine.yaml").write_text(text.replace("name: NaK", "name: Mine"))
        for name in ("mine", "mine.yaml", "./mine.yaml", str(self.folder / "mine.yaml")):
            self.phases(name, message="Mine: Na and K")
        self.phases("yours", status=nakrun.OUTPUT, message="no material yours in")
        self.phases("NaK", "output.directory=mine.yaml/out", status=nakrun.OUTPUT,
                    message="cannot make directory mine.yaml: a file of that name is in the way")
        self.phases("NaK", ranks=2)
        again = nakrun.call("phases", "NaK", "output.directory=out", ranks=0, folder=self.folder)
        again.demand(nakrun.OUTPUT, "boundaries.csv is there already: .* --replace")

    def spoil(self, old, new, message):
        text = (MATERIALS / "NaK.yaml").read_text()
        self.assertIn(old, text)
        text = text.replace(old, new)
        (self.folder / "bad.yaml").write_text(text)
        with self.subTest(new):
            output = self.phases("bad", status=nakrun.INPUT, message=message)
            self.assertRegex(output.err, r"bad\.yaml:\d+:\d+: ")
            self.assertRegex(output.err, "errors? in the material bad")

    def test_bad_files(self):
        for case in (
                ("symbol: Na\n", "symbl: Na\n", "unknown key 'A.symbl'; did you mean 'A.symbol'"),
                ("  symbol: K\n", "", "B.symbol is missing"),
                ("symbol: K\n", "symbol: a,b\n", "B.symbol is a,b: it must have"),
                ("22.98976928e-3 kg/mol", "22.98976928e-3", "A.molar_mass .*it needs a unit"),
                ("22.98976928e-3 kg/mol", "22.98 kg/mol", "A.molar_mass .*between"),
                ("T^7: -2.76", "T^1.5: -2.76", "'T.1.5' is not a term of an energy"),
                ("T^7: -2.76", "x: -2.76", "'x' is not a term of an energy"),
                ("{1: 7527}", "{1: much}", r"solid.mixing.0.1 is much: it is not a number"),
                ("{1: 7527}", "7527", "an energy must be a sum"),
                ("{1: 7527}", "[7527]", "an energy must be a sum"),
                ("  mixing:\n    - {1: 2957.0, T: -1.0354}\n    - {1: 375.3, T: 0.7772}\n",
                 "  mixing: 5\n", "liquid.mixing must be a list"),
                ("A: 2, B: 1", "A: 2", "a compound needs B"),
                ("A: 2, B: 1", "A: 0, B: 1", "compounds.0.A is 0: it must be"),
                ("A: 2, B: 1", "A: 2, B: 1, C: 3", "unknown key 'compounds.0.C'"),
                ("lowest: 240 K", "lowest: 500 K", "temperature.lowest is above"),
                ("solute_limit: 10 %", "solute_limit: 60 %", "solute_limit .*between"),
                ("liquid:\n", "liquid: {\n", "YAML")):
            self.spoil(*case)

    def test_decks(self):
        """A deck names its material; one that is wrong, cold, hot, or not there is refused."""
        protocol = "protocol: [{strip: 0.1 mA/cm^2, for: 1 min}]\n"
        run = nakrun.run("alloy: {system: KRb, temperature: 40 degC, solids: supercooled}\n" + protocol)
        self.assertLess(run.balance, 1e-10)
        for alloy, message in (
                ("{system: Nak}", r"deck\.yaml:1:17: alloy.system is Nak: there is no such material"),
                ("{temperature: 500 K}", r"deck\.yaml:1:22: alloy.temperature is 500 K: the energies"),
                ("{temperature: 255 K}", r"deck\.yaml:1:22: alloy.temperature is 255 K: no liquid NaK"),
                ("{system: KRb}", r"no liquid KRb is stable"),
                ("{system: bad}", r"bad\.yaml:\d+:\d+: .*B.symbol")):
            bad = (MATERIALS / "NaK.yaml").read_text().replace("  symbol: K\n", "")
            (self.folder / "bad.yaml").write_text(bad)
            (self.folder / "deck.yaml").write_text(f"alloy: {alloy}\n{protocol}")
            with self.subTest(alloy):
                nakrun.call("check", "deck.yaml", ranks=0, folder=self.folder).demand(
                    nakrun.INPUT, message)

    def test_a_deck_is_no_material(self):
        """Neither the deck itself nor another one of the material's name beside it."""
        for name in ("NaK.yaml", "other.yaml"):
            (self.folder / name).write_text("protocol: [{rest: 1 s}]\n")
        nakrun.call("check", "NaK.yaml", ranks=0, folder=self.folder).demand(
            nakrun.DONE, r"\ANaK.yaml: no errors\s*\Z")
        nakrun.call("check", "other.yaml", ranks=0, folder=self.folder).demand(
            nakrun.DONE, "warning: NaK.yaml is not taken for the material NaK: it has no entry A")
        self.phases("NaK", message="NaK: Na and K")
        nakrun.call("check", "other.yaml", "alloy.system=./NaK.yaml", ranks=0,
                    folder=self.folder).demand(nakrun.INPUT, "errors in the material .*/NaK.yaml")

    def test_a_resolved_deck_finds_its_material(self):
        deck = self.folder / "decks"
        deck.mkdir()
        (deck / "mine.yaml").write_text((MATERIALS / "NaK.yaml").read_text())
        (deck / "deck.yaml").write_text("alloy: {system: mine}\nprotocol: [{rest: 1 s}]\n")
        for path in ("decks/deck.yaml", "run/resolved.yaml"):
            nakrun.call("run", path, f"output.directory={'run' if 'decks' in path else 'again'}",
                        "--quiet", ranks=2, folder=self.folder).demand(nakrun.DONE)


if __name__ == "__main__":
    unittest.main(verbosity=2)
