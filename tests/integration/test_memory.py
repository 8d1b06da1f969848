#!/usr/bin/env python3
"""What frames say of the past of each column, map.csv, and frames by triggers, against rows and
events.
"""
import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nakrun  # noqa: E402

K_AND_NA = """
title: stripped until a film of K begins, then plated until there is Na metal
grid: {nx: 12, width: 24 um, electrolyte_layers: 4, finest_electrolyte: 2 um, interphase_layers: 4, alloy_layers: 8}
contact: {fraction: 0.5, shape: strip}
interphase: {film_rate: 1 1/s}
protocol:
  - {strip: 0.9 mA/cm^2, for: 60 s, until: voltage > 1 V}
  - {rest: 2 s}
  - {plate: 1 mA/cm^2, for: 20 s}
"""
VOIDS = """
title: a pocket spreads while stripping empties the interphase and K comes out
grid: {nx: 24, width: 6 um, alloy_height: 6 um, alloy_layers: 4, electrolyte_layers: 4, interphase_layers: 4}
microstructure: {height: 3 um, pockets: 1, pocket_radius: 0.5 um}
protocol:
  - {strip: 0.8 mA/cm^2, for: 20 s, until: voltage > 1 V}
"""
EVERY, WHEN = ("output.fields.every=0.5 s",), "output.fields.when=[k_film, na_metal, condition, deposit > 20 nm]"
SOME_K, SOME_NA = 1e-3, 3.6 * 23.8e-6 / 96485.33212  # docs/output.md; of NaK.yaml [m]


class Result:
    """Frames of a run, field by field: [frame, column]."""

    def __init__(self, deck, *overrides, ranks=1):
        with tempfile.TemporaryDirectory() as folder:
            self.run = nakrun.run(deck, *overrides, ranks=ranks, folder=folder)
            with h5py.File(self.run.folder / "fields.h5") as file:
                frames = list(file["frames"].values())
                self.times = np.array([frame.attrs["time"] for frame in frames])
                self.fields = {name: np.array([frame[name][0, 0] for frame in frames])
                               for name in frames[0] if frames[0][name].shape[0] == 1}
                self.triggers = [(frame.attrs["time"], frame.attrs["trigger"], frame.attrs["trigger_time"])
                                 for frame in frames if frame.attrs.get("trigger", -1) >= 0]
            self.rows = (self.run.folder / "timeseries.csv").read_bytes()
            self.map = nakrun.nakfield.Run(self.run.folder).map


class Memory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.results = {ranks: Result(K_AND_NA, *EVERY, WHEN, ranks=ranks) for ranks in (1, 2, 3)}

    def bracket(self, result, field, happened):
        """The time kept lies after the last frame without it and not after the first with it."""
        found = 0
        for column, kept in enumerate(result.fields[field][-1]):
            frames = np.flatnonzero(happened[:, column])
            if frames.size == 0:
                self.assertEqual(kept, -1)
                continue
            before = result.times[frames[0] - 1] if frames[0] > 0 else 0
            self.assertGreaterEqual(kept, before)
            self.assertLessEqual(kept, result.times[frames[0]])
            found += 1
        return found

    def test_first_times(self):
        """Against frames, and the first of any column against the event of the run."""
        result = self.results[1]
        fields, events = result.fields, {event["event"]: event["time_s"] for event in result.run.summary["events"]}
        wetted = fields["contact"][0] > 0
        self.assertEqual(self.bracket(result, "time_k", wetted & (fields["k_film"] > SOME_K)), 6)
        self.assertEqual(self.bracket(result, "time_na", fields["deposit"] > SOME_NA), 6)
        self.assertAlmostEqual(fields["time_na"][-1][wetted].min(), events["na_metal"], delta=1e-9)

    def test_one_column_keeps_the_times_of_events(self):
        with tempfile.TemporaryDirectory() as folder:
            run = nakrun.run(K_AND_NA, "grid.nx=1", "contact.fraction=1", folder=folder)
            events = {event["event"]: event["time_s"] for event in run.summary["events"]}
            self.assertFalse((run.folder / "map.csv").exists())
            with h5py.File(run.folder / "fields.h5") as file:
                last = file["frames"][max(file["frames"])]
                for field, event in (("time_k", "k_film"), ("time_na", "na_metal")):
                    self.assertAlmostEqual(last[field][0, 0, 0], events[event], delta=1e-12, msg=field)

    def test_contact_lost_to_a_void(self):
        result = Result(VOIDS, "output.fields.every=0.5 s")
        left = result.fields["wetted"] * (1 - result.fields["k_film"])
        self.assertGreater(self.bracket(result, "time_lost", left < 0.5), 6)
        self.assertEqual(result.fields["time_lost"][0].min(), -1)
        self.assertEqual(result.fields["time_lost"][0].max(), 0)  # below the pocket

    def test_currents(self):
        for ranks, result in self.results.items():
            fields, times = result.fields, result.times
            np.testing.assert_array_equal(fields["current_mean"][1:], fields["charge"][1:] / times[1:, None])
            seen = np.maximum.accumulate(np.abs(fields["current"]))
            self.assertTrue(np.all(fields["current_max"] >= seen), ranks)
            self.assertTrue(np.all(np.diff(fields["current_max"], axis=0) >= 0))
            dead = fields["contact"][0] == 0
            self.assertEqual(np.abs(fields["current_max"][:, dead]).max(), 0)
            np.testing.assert_allclose(fields["current_max"][-1], seen[-1], rtol=0.02)

    def test_independent_of_ranks(self):
        one = self.results[1]
        for ranks in (2, 3):
            for name in ("current_max", "current_mean", "time_lost", "time_k", "time_na"):
                np.testing.assert_allclose(self.results[ranks].fields[name], one.fields[name], rtol=1e-6, err_msg=name)
            np.testing.assert_allclose(self.results[ranks].map["current_mA_cm2"], one.map["current_mA_cm2"], rtol=1e-3,
                                       atol=1e-6)

    def test_triggers(self):
        """Each shows the first step at or after the time of its event, on any number of ranks, and
        changes no step.
        """
        events = {event["event"]: event["time_s"] for event in self.results[1].run.summary["events"]}
        times = self.results[1].run.series["time_s"]
        self.assertEqual([which for _, which, _ in self.results[1].triggers], [0, 1, 3])
        for (shown, which, located), event in zip(self.results[1].triggers, ("k_film", "na_metal", None)):
            self.assertAlmostEqual(shown, min(time for time in times if time > located), delta=1e-9, msg=which)
            self.assertAlmostEqual(events.get(event, located), located, delta=1e-9, msg=event)
        for ranks in (2, 3):
            np.testing.assert_allclose(self.results[ranks].triggers, self.results[1].triggers, rtol=1e-9)
        self.assertEqual(Result(K_AND_NA, *EVERY).rows, self.results[1].rows)

    def test_burst(self):
        """So many steps after each of the moments have frames, too."""
        result = Result(K_AND_NA, WHEN, "output.fields.burst=3 steps")
        steps, frames = np.unique(np.round(result.run.series["time_s"], 9)), list(np.round(result.times, 9))
        shown = [round(time, 9) for time, _, _ in result.triggers]
        self.assertEqual(len(shown), 3)
        for first in shown:
            at = np.searchsorted(steps, first - 1e-8)
            self.assertEqual([time in frames for time in steps[at:at + 5]], [True] * 4 + [False], first)

    def test_map(self):
        """Its moments are rows of the series; their means over x are the run's."""
        for ranks, result in self.results.items():
            table = result.map
            series = {name: np.array(values) for name, values in result.run.series.items()}
            times = table["time_s"][:, 0]
            self.assertEqual((times[0], times[-1]), (0, series["time_s"][-1]))
            self.assertTrue(np.all(np.diff(times) > 0), ranks)
            self.assertLess(len(times), 64 * (1 + np.log2(result.run.summary["time_steps"] / 64)) + 2)
            np.testing.assert_allclose(table["x_um"][0], 2 * np.arange(12) + 1)
            rows = [np.flatnonzero(series["time_s"] == time)[0] for time in times]
            for column, mean in (("k_film", "k_film_fraction"), ("contact", "contact_fraction"),
                                 ("deposit_nm", "deposit_nm_mean")):
                wetted = table["contact"][0] > 0 if column == "k_film" else np.full(12, True)
                mine = np.where(wetted, table[column], 0).mean(axis=1)
                np.testing.assert_allclose(mine, series[mean][rows], rtol=1e-5, atol=1e-9, err_msg=column)
        coarse = Result(K_AND_NA, "output.map=8")
        self.assertLess(len(coarse.map["time_s"]), len(self.results[1].map["time_s"]) / 2)

    def test_a_wide_face_in_parts(self):
        result = Result(K_AND_NA, "grid.nx=200", "protocol=[{strip: 0.9 mA/cm^2, for: 0.1 s}]")
        last = {name: values[-1] for name, values in result.map.items()}
        self.assertEqual(len(last["x_um"]), 100)
        pairs = result.fields["current"][-1].reshape(-1, 2).mean(axis=1)
        np.testing.assert_allclose(last["current_mA_cm2"], 0.1 * pairs, rtol=1e-5)


class Choice(unittest.TestCase):
    def test_fields_of_a_box(self):
        """Frames of the phases of the alloy have the fields that are named, the same as among all.
        """
        deck, seen = nakrun.DECKS / "tutorial" / "solidification_2d.yaml", []
        for names in ((), ("output.fields.names=[solid_b, x]",)):
            with tempfile.TemporaryDirectory() as folder:
                nakrun.call("run", deck, "microstructure.nx=32", "microstructure.nz=32", "march.end=0.01 s", *names,
                            "output.directory=run", "--quiet", ranks=0, folder=folder).demand(nakrun.DONE)
                with h5py.File(Path(folder, "run", "fields.h5")) as file:
                    last = sorted(file["frames"])[-1]
                    seen.append({name: data[:] for name, data in file["frames"][last].items()})
        self.assertEqual(set(seen[1]), {"solid_b", "x"})
        self.assertGreater(len(seen[0]), 8)
        for name, values in seen[1].items():
            self.assertEqual(values.tobytes(), seen[0][name].tobytes(), name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
