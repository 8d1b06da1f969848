#!/usr/bin/env python3
"""Every shipped deck is run: shortened, on 1, 2 and 3 ranks, and its balances hold.

usage: test_decks.py [--long] [unittest arguments]; --long runs the decks of inputs/wu2025 to their
ends.
"""
import json
import re
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
# A small alloy just above its liquidus, and a current that brings it beyond within seconds.
THIN = ("alloy.volume=4 mm^3", "interphase.limiting_current=10 A/cm^2", "interphase.diffusion_time=1 ms",
        "kinetics.charge_transfer_resistance=0.01 ohm.cm^2")
SHORT_GRAINS = {"grains_2d": (*THIN, "alloy.potassium=91.05 wt%",
                              *(f"protocol.{i}.strip=1 mA/cm^2" for i in range(4))),
                "phases_2d": (*THIN, "alloy.potassium=91.05 wt%",
                              *(f"protocol.{i}.strip=1 mA/cm^2" for i in range(3))),
                "grains_3d": (*THIN, "alloy.potassium=91.05 wt%", "grid.nx=16", "grid.ny=16", "grid.width=4 um",
                              *(f"protocol.{i}.strip=2 mA/cm^2" for i in range(3))),
                "grains_plating_2d": (*THIN, "alloy.potassium=41.75 wt%",
                                      *(f"protocol.{i}.plate=8 mA/cm^2" for i in range(3)))}
# K+ that hardly moves takes the place of Na+ at the alloy, which is then stripped to the limiting
# current, unless the host was emptied before.
SHORT_OTHERS = {**SHORT_GRAINS, "membrane": ("protocol.0.steps.0.for=3 h",)}


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
    if "protocol" not in deck:
        return list(SHORT_PHASES[path.stem])
    return [*shortened(deck["protocol"]), *SHORT_OTHERS.get(path.stem, ())]


def coarsen(path):
    """Overrides that leave a quarter of a 3D deck, with columns of the same size; of phases half
    the cells of each axis."""
    deck = yaml.safe_load(path.read_text())
    box = deck.get("microstructure", {})
    if "nx" in box:
        return [f"microstructure.{n}={box[n] // 2}" for n in ("nx", "ny", "nz") if n in box]
    grid = deck.get("grid", {})
    if grid.get("ny", 1) == 1:
        return []
    width, unit = str(grid["width"]).split()
    return [f"grid.nx={grid['nx'] // 2}", f"grid.ny={grid['ny'] // 2}", f"grid.width={float(width) / 2} {unit}"]


class Alloy(unittest.TestCase):
    def test_on_any_ranks(self):
        """The decks of the alloy's phases, their first steps on 1, 2 and 3 ranks: balances and
        energy.
        """
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
        self.assertEqual(sorted(run.summary["balance"]), ["charge", "k", "na"], note)
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
                if path.stem in SHORT_GRAINS:
                    self.assertGreater(max(run.series["solid_a_um"] + run.series["solid_b_um"]), 1e-2, path.stem)

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
        """With output.timeseries.every, the first step at or after each multiple of it has a row,
        and the last.
        """
        path, every = nakrun.DECKS / "wu2025" / "staircase_nak50.yaml", 30
        all_times = nakrun.run(path).series["time_s"]
        times = nakrun.run(path, f"output.timeseries.every={every} s").series["time_s"]
        turns = [int(t / every * (1 + 1e-12)) for t in all_times]
        due = [t for k, t in enumerate(all_times) if k == 0 or turns[k] > turns[k - 1]]
        self.assertGreater(len(due), 10)
        self.assertEqual(times, due if due[-1] == all_times[-1] else [*due, all_times[-1]])

    def test_frames_are_bounded(self):
        """Of 1,101 levels one in three has a frame, and so has the start; the log says so."""
        levels = "{from: 1 A/m^2, to: 1.11 A/m^2, step: 1e-4 A/m^2, hold: 1 ms}"
        with tempfile.TemporaryDirectory() as folder:
            deck = Path(folder, "levels.yaml")
            deck.write_text(f"protocol: [{{staircase: {levels}}}]\nsolver: {{first_step: 1 ms}}\n"
                            "grid: {electrolyte_layers: 2, interphase_layers: 3, alloy_layers: 4}\n")
            run = nakrun.run(deck, folder=folder, ranks=0)
            self.fields(run, deck.name)
            self.assertEqual(run.summary["frames"], 1101 // 3 + 1)
            self.assertRegex((run.folder / "log.txt").read_text(),
                             "up to 1101 protocol steps end, and one end in 3 gets a frame, about 367 of .* MB")

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

    def test_dry_run_counts_the_unknowns(self):
        """Those of the state in a checkpoint, with ions and every counter electrode."""
        for name in ("koh2024/layers", "koh2024/full_cell", "koh2024/na50k50", "xue2018/membrane", "zhao2021/coated_na"):
            deck, more = nakrun.DECKS / f"{name}.yaml", ("protocol=[rest: 1 ms]", "checkpoint.steps=1")
            words = nakrun.call("run", "--dry-run", deck, *more, ranks=0).demand(nakrun.DONE).out
            with tempfile.TemporaryDirectory() as folder:
                newest = sorted(nakrun.run(deck, *more, folder=folder, ranks=0).folder.glob("checkpoint/*.h5"))[-1]
                with h5py.File(newest) as file:
                    self.assertEqual(file["stepper/U"].size, int(re.search("# ([0-9]+) unknowns", words)[1]), name)

    def test_dry_run_estimates_steps(self):
        """Within a factor of 4 of those that the run takes; years for 1e11 of them."""
        deck = nakrun.DECKS / "wu2025" / "pulses_rest_5s.yaml"
        count = "protocol.0.pulses.count=100"
        words = nakrun.call("run", "--dry-run", deck, count, ranks=0).demand(nakrun.DONE, r"time steps and 1 s,").out
        estimate = float(re.search(r"# roughly (\S+) time steps", words)[1])
        steps = nakrun.run(deck, count, "solver.jump=false", ranks=0).summary["time_steps"]
        self.assertLess(max(estimate / steps, steps / estimate), 4)
        many = "protocol=[{repeat: 1000000, steps: [{repeat: 100000, steps: [{rest: 1 s}]}]}]"
        nakrun.call("run", "--dry-run", deck, many, ranks=0).demand(nakrun.DONE, r" 3e\+12 time steps and .* years,")

    def test_few_columns_a_rank_are_reported(self):
        deck = nakrun.DECKS / "tutorial" / "stripping_2d.yaml"
        self.assertIn("warning: 32 columns per rank are few",
                      nakrun.call("check", deck, ranks=2).demand(nakrun.DONE).err)
        for more, ranks in ((("grid.ny=16",), 2), ((), 1)):
            self.assertNotIn("a rank are few", nakrun.call("check", deck, *more, ranks=ranks).demand(nakrun.DONE).err)

    @unittest.skipUnless(LONG, "with --long only")
    def test_to_the_end(self):
        """Capacities [mAh/cm2] of tests/reference/nak1d.py in the published protocols."""
        expected = {"staircase_nak50": 0.5600, "staircase_nak65": 0.03778, "continuous_1mA": 0.3502,
                    "continuous_0p25mA": 20.795, "pulses_rest_1s": 5.010, "pulses_rest_2s": 8.430,
                    "pulses_rest_5s": 11.991, "pulses_rest_10s": 13.229, "plating_0p4": -4.0}
        for name, capacity in expected.items():
            with self.subTest(name):
                run = nakrun.run(nakrun.DECKS / "wu2025" / f"{name}.yaml", timeout=3000)
                print(f"{name}: {run.summary['capacity_mAh_cm2']:.5g} mAh/cm2, {run.summary['end']}, "
                      f"{run.summary['wall_s']:.3g} s")
                self.balances(run, name)
                self.assertLess(nakrun.relative(run.summary["capacity_mAh_cm2"], capacity), 0.01)

    @unittest.skipUnless(LONG, "with --long only")
    def test_plating_shorts_the_cell(self):
        run = nakrun.run(nakrun.DECKS / "wu2025" / "plating_0p7.yaml")
        self.assertEqual(run.summary["status"], "short")
        self.balances(run, "plating_0p7")
        self.assertLess(nakrun.relative(run.summary["capacity_mAh_cm2"], -0.4664), 0.01)  # as above

    @unittest.skipUnless(LONG, "with --long only")
    def test_voids_end_the_runs(self):
        """3 V in the staircase, which the contact that is left decides; a short while plating at
        0.4.
        """
        run = nakrun.run(nakrun.DECKS / "wu2025" / "staircase_nak50_2d.yaml", timeout=1500)
        current = max(run.series["current_mA_cm2"])
        share = run.series["contact_fraction"][int(np.argmax(run.series["voltage_V"]))]
        # each contact carries its limit and, at 3 V less 250 ohm cm2, what goes over 7 kohm cm2
        # beyond it
        expected = share * (0.73 + (3 - 0.25 * current) / 7)
        print(f"staircase with voids: {current:.2f} mA/cm2, contact {share:.2f}, which gives {expected:.2f}")
        self.balances(run, "staircase_nak50_2d")
        self.assertLess(share, 0.8)
        self.assertLess(nakrun.relative(current, expected), 0.1)
        run = nakrun.run(nakrun.DECKS / "wu2025" / "critical_current_2d.yaml", timeout=1500)
        self.balances(run, "critical_current_2d")
        self.assertEqual(run.summary["status"], "short")
        plated = [i for i in run.series["current_mA_cm2"] if i < 0]
        self.assertAlmostEqual(plated[-1], -0.4, delta=1e-9)


if __name__ == "__main__":
    unittest.main(argv=[a for a in sys.argv if a != "--long"], verbosity=2)
