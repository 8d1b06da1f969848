#!/usr/bin/env python3
"""Every shipped deck is run: shortened, on 1, 2 and 3 ranks, and its balances hold.

usage: test_decks.py [--long] [unittest arguments]; --long runs the decks of inputs/wu2025 to their ends.
"""
import json
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import h5py
import numpy as np
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nakrun  # noqa: E402

LONG = "--long" in sys.argv
BALANCE = 1e-10
SAME = 1e-6  # of two runs that differ in the number of ranks only
SHIPPED = sorted(path for path in nakrun.DECKS.glob("**/*.yaml") if "\nprotocol:" in path.read_text())
PHASES = sorted(path for path in nakrun.DECKS.glob("**/*.yaml") if "\nmodel: alloy" in path.read_text())
LIMITS = {"for": "20 s", "rest": "5 s"}
# Short runs in which all of a deck's phases appear; depletion from near the liquidus on.
SHORT_PHASES = {"solidification_2d": ("march.end=40 ms", "output.fields.every=10 ms"),
                "solidification_3d": ("march.end=10 ms", "output.fields.every=4 ms"),
                "depletion_2d": ("alloy.potassium=88 wt%", "microstructure.angle_b=20 degree", "march.end=0.2 s",
                                 "output.fields.every=0.06 s")}


def seconds(text):
    number, _, unit = str(text).partition(" ")
    return float(number) * {"ms": 1e-3, "s": 1, "min": 60, "h": 3600, "day": 86400}[unit]


def shortened(items, path="protocol"):
    """Overrides that leave a deck its shape and take away its length."""
    for i, item in enumerate(items):
        here = f"{path}.{i}"
        for key, limit in LIMITS.items():
            if item.get(key) is not None and seconds(item[key]) > seconds(limit):
                yield f"{here}.{key}={limit}"
        if "staircase" in item:
            yield f"{here}.staircase.hold=1 s"
            yield f"{here}.staircase.step=0.2 mA/cm^2"
        if "pulses" in item:
            yield f"{here}.pulses.count=4"
        if "repeat" in item:
            yield f"{here}.repeat=2"
            yield from shortened(item["steps"], f"{here}.steps")


def shorten(path):
    deck = yaml.safe_load(path.read_text())
    return list(shortened(deck["protocol"])) if "protocol" in deck else list(SHORT_PHASES[path.stem])


def coarsen(path):
    """Overrides that leave a quarter of a 3D deck, with columns of the same size; of phases half the cells of
    each axis."""
    deck = yaml.safe_load(path.read_text())
    box = deck.get("microstructure", {})
    if box:
        return [f"microstructure.{n}={box[n] // 2}" for n in ("nx", "ny", "nz") if n in box]
    grid = deck.get("grid", {})
    if grid.get("ny", 1) == 1:
        return []
    width, unit = str(grid["width"]).split()
    return [f"grid.nx={grid['nx'] // 2}", f"grid.ny={grid['ny'] // 2}", f"grid.width={float(width) / 2} {unit}"]


class Alloy(unittest.TestCase):
    def test_on_any_ranks(self):
        """The decks of the alloy's phases, their first steps on 1, 2 and 3 ranks: balances and energy."""
        self.assertEqual(sorted(SHORT_PHASES), [path.stem for path in PHASES])
        for path in PHASES:
            energies = []
            for ranks in (1, 2, 3):
                with self.subTest(deck=path.name, ranks=ranks), tempfile.TemporaryDirectory() as scratch:
                    nakrun.call("run", path, "output.directory=run", "march.end=1 ms", "--quiet",
                                ranks=ranks, folder=scratch).demand(nakrun.DONE)
                    summary = json.loads((Path(scratch) / "run" / "summary.json").read_text())
                    self.assertEqual(summary["status"], "completed")
                    self.assertLess(max(summary["na_balance"], summary["k_balance"]), BALANCE)
                    energies.append(summary["free_energy"])
            print(f"{path.name}: energies {energies}")
            for energy in energies[1:]:
                self.assertLess(nakrun.relative(energy, energies[0]), SAME)


class Decks(unittest.TestCase):
    def balances(self, run, note):
        self.assertLess(run.balance, BALANCE, f"{note}: balances {run.summary['balance']}")

    def finite(self, run, note):
        for name, values in run.series.items():
            self.assertTrue(np.isfinite(values).all(), f"{note}: {name}")
        self.assertTrue((np.diff(run.series["time_s"]) >= 0).all(), note)

    def fields(self, run, note):
        """fields.h5 opens, is finite, and fields.xmf names nothing that it lacks."""
        bad = []
        with h5py.File(run.folder / "fields.h5") as file:
            self.assertEqual(len(file["frames"]), run.summary["frames"], note)
            for group in (file["grid"], *file["frames"].values()):
                bad += [array.name for array in group.values() if not np.isfinite(array[()]).all()]
            self.assertEqual(bad, [], note)
            for item in ElementTree.parse(run.folder / "fields.xmf").iter("DataItem"):
                if item.get("Format") == "HDF":
                    name = item.text.strip().split(":", 1)
                    self.assertEqual(name[0], "fields.h5", note)
                    self.assertIn(name[1], file, note)

    def same(self, run, other, note):
        self.assertEqual(len(run.summary["steps"]), len(other.summary["steps"]), note)
        for mine, theirs in zip(run.summary["steps"], other.summary["steps"]):
            for key in ("voltage_V", "capacity_mAh_cm2"):
                self.assertLess(abs(mine[key] - theirs[key]), SAME * max(1.0, abs(theirs[key])),
                                f"{note}: {key} of step {mine['index']}")
            self.assertEqual(mine["end"], theirs["end"], note)

    def test_there_are_decks(self):
        self.assertGreater(len(SHIPPED), 10)

    def test_decks_check(self):
        for path in SHIPPED:
            with self.subTest(path.stem):
                nakrun.call("check", path, ranks=0).demand(nakrun.DONE)

    def test_shortened(self):
        for path in SHIPPED:
            with self.subTest(path.stem), tempfile.TemporaryDirectory() as scratch:
                run = nakrun.run(path, *shorten(path), folder=scratch)
                print(f"{path.stem}: {run.summary['time_steps']} steps in {run.summary['wall_s']:.3g} s, "
                      f"balance {run.balance:.1e}")
                self.assertNotEqual(run.summary["status"], "failed")
                self.balances(run, path.stem)
                self.finite(run, path.stem)
                self.fields(run, path.stem)

    def test_ranks(self):
        for path in SHIPPED:
            with self.subTest(path.stem):
                overrides = [*shorten(path), *coarsen(path)]
                one = nakrun.run(path, *overrides)
                for ranks in (2, 3):
                    run = nakrun.run(path, *overrides, ranks=ranks)
                    self.balances(run, f"{path.stem} on {ranks}")
                    self.same(run, one, f"{path.stem} on {ranks}")

    def test_rows_keep_time(self):
        """With output.timeseries.every, the first step at or behind each multiple of it has a row, and the last."""
        path, every = nakrun.DECKS / "wu2025" / "staircase_nak50.yaml", 30
        all_times = nakrun.run(path).series["time_s"]
        times = nakrun.run(path, f"output.timeseries.every={every} s").series["time_s"]
        turns = [int(t / every * (1 + 1e-12)) for t in all_times]
        due = [t for k, t in enumerate(all_times) if k == 0 or turns[k] > turns[k - 1]]
        self.assertGreater(len(due), 10)
        self.assertEqual(times, due if due[-1] == all_times[-1] else [*due, all_times[-1]])

    def test_resolved_deck_repeats_the_run(self):
        path = nakrun.DECKS / "wu2025" / "pulses_rest_1s.yaml"
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            one = nakrun.run(path, *shorten(path), folder=first)
            two = nakrun.run(one.folder / "resolved.yaml", folder=second)
            self.assertEqual(one.series["voltage_V"], two.series["voltage_V"])
            self.assertEqual((one.folder / "resolved.yaml").read_text().replace(first, ""),
                             (two.folder / "resolved.yaml").read_text().replace(second, ""))

    def test_dry_run_writes_nothing(self):
        path = nakrun.DECKS / "tutorial" / "stripping_2d.yaml"
        with tempfile.TemporaryDirectory() as scratch:
            nakrun.call("run", "--dry-run", path, "output.directory=run", ranks=2,
                        folder=scratch).demand(nakrun.DONE, r"unknowns")
            self.assertEqual(list(Path(scratch).iterdir()), [])

    @unittest.skipUnless(LONG, "with --long only")
    def test_to_the_end(self):
        """Capacities [mAh/cm2] and ends of the published experiment, as the model gives them."""
        expected = {"staircase_nak50": 0.267, "staircase_nak65": 0.0200, "continuous_1mA": 0.00113,
                    "continuous_0p25mA": 21.06, "pulses_rest_1s": 2.63, "pulses_rest_2s": 7.46,
                    "pulses_rest_5s": 12.54, "pulses_rest_10s": 14.56, "plating_0p4": -4.0}
        for name, capacity in expected.items():
            with self.subTest(name):
                run = nakrun.run(nakrun.DECKS / "wu2025" / f"{name}.yaml", timeout=3000)
                print(f"{name}: {run.summary['capacity_mAh_cm2']:.5g} mAh/cm2, {run.summary['end']}, "
                      f"{run.summary['wall_s']:.3g} s")
                self.balances(run, name)
                self.assertLess(nakrun.relative(run.summary["capacity_mAh_cm2"], capacity), 0.02)

    @unittest.skipUnless(LONG, "with --long only")
    def test_plating_shorts_the_cell(self):
        run = nakrun.run(nakrun.DECKS / "wu2025" / "plating_0p7.yaml")
        self.assertEqual(run.summary["status"], "short")
        self.assertLess(abs(run.summary["capacity_mAh_cm2"]), 1.5)

    @unittest.skipUnless(LONG, "with --long only")
    def test_voids_end_the_runs(self):
        """The figures of docs/validation.md for seed 1: collapse of the staircase, short while plating at 0.4."""
        run = nakrun.run(nakrun.DECKS / "wu2025" / "staircase_nak50_2d.yaml", timeout=1500)
        current = max(run.series["current_mA_cm2"])
        print(f"staircase with voids: {current:.2f} mA/cm2, contact {min(run.series['contact_fraction']):.2f}")
        self.balances(run, "staircase_nak50_2d")
        self.assertAlmostEqual(current, 0.57, delta=0.015)
        run = nakrun.run(nakrun.DECKS / "wu2025" / "critical_current_2d.yaml", timeout=1500)
        self.balances(run, "critical_current_2d")
        self.assertEqual(run.summary["status"], "short")
        plated = [i for i in run.series["current_mA_cm2"] if i < 0]
        self.assertAlmostEqual(plated[-1], -0.4, delta=1e-9)


if __name__ == "__main__":
    unittest.main(argv=[a for a in sys.argv if a != "--long"], verbosity=2)
