#!/usr/bin/env python3
"""The package for Python against the files themselves, read by csv and h5py."""
import csv
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nakrun  # noqa: E402
from nakrun import nakfield  # noqa: E402

DECK = """
output: {fields: {every: 2 s}}
impedance: {frequency_max: 1 kHz, frequency_min: 10 Hz}
protocol:
  - strip: 0.3 mA/cm^2
    for: 5 s
  - impedance:
  - strip: 0.1 mA/cm^2
    for: 1 s
  - impedance:
"""


def columns(path):
    with open(path, newline="", encoding="ascii") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


class Reader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        place = Path(cls.folder.name)
        (place / "deck.yaml").write_text(DECK)
        nakrun.call(
            "run", "deck.yaml", "output.directory=run", "--quiet", ranks=0, folder=place
        ).demand(nakrun.DONE)
        cls.path = place / "run"

    def setUp(self):
        self.run_ = nakfield.Run(self.path)

    def test_table_and_steps(self):
        table = self.run_.table
        for name, values in columns(self.path / "timeseries.csv").items():
            self.assertEqual(values, table[name].tolist(), name)
        summary = json.loads((self.path / "summary.json").read_text(encoding="utf-8"))
        self.assertEqual((self.run_.steps, self.run_.events), (summary["steps"], summary["events"]))
        self.assertEqual([s["kind"] for s in self.run_.steps], ["strip", "impedance"] * 2)
        self.assertEqual(table.rows()[0]["time_s"], 0)

    def test_spectra(self):
        file = columns(self.path / "impedance.csv")
        spectra = self.run_.spectra
        self.assertEqual(
            [(s.time, s.frequency.size) for s in spectra],
            [(t, file["time_s"].count(t)) for t in (5, 6)],
        )
        z = [complex(*pair) for pair in zip(file["z_re_ohm_cm2"], file["z_im_ohm_cm2"])]
        self.assertEqual(np.concatenate([s.z for s in spectra]).tolist(), z)
        self.assertEqual(
            np.concatenate([s.gamma for s in spectra]).tolist(),
            columns(self.path / "drt.csv")["gamma_ohm_cm2"],
        )
        first = spectra[0]
        middle = math.sqrt(first.frequency[3] * first.frequency[4])
        self.assertAlmostEqual(first.at(middle), (first.z[3] + first.z[4]) / 2, 9)
        with self.assertRaisesRegex(nakfield.ReadError, "2000 Hz is not within .* 10 to 1000 Hz"):
            first.at(2000)

    def test_frames(self):
        self.assertEqual(self.run_.times[-1], 6)
        last = self.run_.frame(-1)
        with h5py.File(self.path / "fields.h5") as file:
            stored = file["frames"][sorted(file["frames"])[-1]]
            self.assertEqual(set(last), set(stored))
            for name in stored:
                self.assertTrue(np.array_equal(last[name], stored[name][:]), name)
            self.assertEqual(last.numbers["voltage"], stored.attrs["voltage"])
            self.assertEqual(last.units["c"], "mol/m^3")
            self.assertTrue(np.array_equal(last.grid["z"], file["grid/z"][:]))
        self.assertEqual(list(self.run_.frame(0, ["c"])), ["c"])
        with self.assertRaisesRegex(nakfield.ReadError, "there is no frame 99"):
            self.run_.frame(99)

    def test_a_frame_that_is_cut(self):
        """The message names the file, of the package and of the script."""
        with tempfile.TemporaryDirectory() as folder:
            run = Path(folder, "run")
            shutil.copytree(self.path, run)
            os.truncate(run / "fields" / "000001.h5", 3000)
            with self.assertRaisesRegex(nakfield.ReadError, "cannot read .*fields/000001.h5"):
                nakfield.Run(run).frame(1)
            self.assertEqual(draw("plot.py", run), (1, "plot.py: cannot read", "'fields/000001.h5'"))

    def test_run_that_goes_on(self):
        """No summary yet, and a row half written."""
        with tempfile.TemporaryDirectory() as folder:
            table = Path(folder, "timeseries.csv")
            table.write_text("time_s,voltage_V\n0,1\n2,1.5\n3,")
            run = nakfield.Run(folder)
            self.assertEqual((run.steps, run.spectra, run.times), ([], [], []))
            self.assertEqual(run.table["voltage_V"].tolist(), [1, 1.5])
            for text, message in (
                ("time_s,voltage_V\n", "no rows"),
                ("time_s\n1\nx\n", "timeseries.csv: .*'x'"),
                ("time_s\n1,2\n", "rows of 2 numbers under 1 names"),
            ):
                table.write_text(text)
                with self.assertRaisesRegex(nakfield.ReadError, message):
                    print(nakfield.Run(folder).table)
        with self.assertRaisesRegex(nakfield.ReadError, "no directory"):
            nakfield.Run(folder)


def draw(script, run):
    """Exit status of a script; first words and last word of what it says on standard error."""
    done = subprocess.run([sys.executable, nakrun.TOP / "scripts" / script, run], capture_output=True, text=True,
                          timeout=100, check=False)
    words = done.stderr.strip("()\n").split()
    return done.returncode, " ".join(words[:3]), "".join(words[-1:])


class Pictures(unittest.TestCase):
    def healing(self, currents):
        """Exit status and words of plot_healing.py for rows of a second each; whether there is a
        picture.
        """
        with tempfile.TemporaryDirectory() as folder:
            rows = [f"{k},{i},0.5,0.5\n" for k, i in enumerate(currents)]
            Path(folder, "timeseries.csv").write_text(
                "time_s,current_mA_cm2,contact_fraction,wetted_fraction\n" + "".join(rows))
            return draw("plot_healing.py", folder)[::2], Path(folder, "healing.png").is_file()

    def test_healing_needs_a_rest_after_a_current(self):
        self.assertEqual(self.healing([0, 1, 0, 0]), ((0, ""), True))
        self.assertEqual(self.healing([0, 0]), ((1, "back"), False))  # no current
        self.assertEqual(self.healing([0, 1]), ((1, "it"), False))  # no rest
        self.assertFalse(Path("healing.png").exists())

    def test_panels(self):
        """A rounding error is no charge, a mean that is the minimum is drawn once, and a constant
        current begins at 0."""
        sys.path.insert(0, str(nakrun.TOP / "scripts"))
        import plot
        from matplotlib import pyplot

        for capacity, words in (([0, 0.5, 2e-15], "no net charge"), ([0, 0], "no net charge"),
                                ([0, 0.5, 0.25], "net 0.25 mAh/cm² stripped"), ([0, -2], "net 2 mAh/cm² plated")):
            self.assertEqual(plot.net_charge(np.array(capacity)), words)
        table = {"time_s": np.arange(3.0), "u_face_mean": np.array([1, 0.5, 0.2]), "current_mA_cm2": np.full(3, 0.3)}
        for least, lines in ((table["u_face_mean"] * (1 + 1e-15), 1), (table["u_face_mean"] / 2, 2)):
            axis = pyplot.subplots()[1]
            plot.draw_panel(axis, "u", [{**table, "u_face_min": least}], (1, "s"))
            self.assertEqual((len(axis.lines), axis.get_legend() is None), (lines, lines == 1))
        axis = pyplot.subplots()[1]
        plot.draw_panel(axis, "current", [table], (1, "s"))
        self.assertEqual(axis.get_ylim()[0], 0)

    def test_voids_reach_the_face(self):
        from matplotlib import pyplot
        from nakfield import fields

        axis = pyplot.subplots()[1]
        share = np.array([[[0, 1.0, 0]], [[0, 1.0, 0]], [[0, 0.0, 0]]])
        data = {"x": np.arange(4.0), "z": 2 + np.arange(4.0), "frames": [{"void": share}]}
        fields.draw_phases([axis], data, np.arange(3), 0, 1)
        self.assertEqual(axis.dataLim.y0, 2)
        self.assertEqual(fields.moments([210.0, 605.0]), ["3.5 min", "10.1 min"])
        self.assertEqual(fields.moments([900000.0, 900012.3, 900020.0]), ["10.42 d", "+ 12.3 s", "+ 20 s"])

    def test_spectra_that_are_alike(self):
        sys.path.insert(0, str(nakrun.TOP / "scripts"))
        import plot_impedance

        self.assertEqual(plot_impedance.round_apart([30.049, 120.2]), ["30", "120"])
        self.assertEqual(plot_impedance.round_apart([30.01, 30.04]), ["30.01", "30.04"])
        curves = [(nakfield.Spectrum(0, 0, None, np.array([1, 2j]) * factor), "", {}) for factor in (1, 1.004)]
        self.assertEqual(plot_impedance.likeness(curves), "apart by at most 0.4 %")
        self.assertIsNone(plot_impedance.likeness(curves[:1]))
        curves[1][0].z = np.array([2, 2j])
        self.assertIsNone(plot_impedance.likeness(curves))

    def test_lines_of_a_study(self):
        """A line joins samples that differ in one entry, or their means over seeds; no others."""
        sys.path.insert(0, str(nakrun.TOP / "scripts"))
        import argparse
        import plot_study
        import matplotlib
        matplotlib.use("Agg")
        from matplotlib import pyplot

        with tempfile.TemporaryDirectory() as folder:
            def lines(entries, rows, against, by=None):
                """Label and points of each line; the labels of the axes."""
                numbers = [f"{sum(row) % 100}" for row in rows]
                cells = [",".join(f"{v} degC" for v in row) for row in rows]
                Path(folder, "samples.csv").write_text(
                    f"sample,name,{entries}\n" + "".join(f"{k},n{k},{c}\n" for k, c in enumerate(cells)))
                Path(folder, "results.csv").write_text(f"sample,status,end,wall_s,{entries},r_ohm_cm2\n" + "".join(
                    f"{k},completed,,1,{c},{n}\n" for k, (c, n) in enumerate(zip(cells, numbers))))
                study, axis = nakfield.Study(folder), pyplot.subplots()[1]
                by = by or plot_study.choose_lines(study, against)
                plot_study.draw(axis, study, "r", argparse.Namespace(against=against, log=[]), by)
                return [(line.get_label(), line.get_xydata().tolist()) for line in axis.lines
                        if line.get_linestyle() != "None"], axis.get_xlabel(), axis.get_ylabel()

            pairs = [(x, y) for x in (1, 2) for y in (10, 20)]
            drawn = [("10 °C", [[1, 11], [2, 12]]), ("20 °C", [[1, 21], [2, 22]])]
            self.assertEqual(lines("x,y", pairs, "x"), (drawn, "x (°C)", "r (Ω cm²)"))
            triples = [(*pair, z) for pair in pairs for z in (30, 40)]
            self.assertEqual(lines("x,y,z", triples, "x")[0], [])
            self.assertEqual(lines("x,y,z", triples, "x", "y")[0], [])
            means = [("10 °C", [[1, 46], [2, 47]]), ("20 °C", [[1, 56], [2, 57]])]
            self.assertEqual(lines("x,y,seeds", triples, "x")[0], means)
            self.assertEqual(len(lines("x,y", [(n, n * n) for n in range(1, 9)], "x")[0]), 0)  # drawn at random

    def test_map_of_relaxation_times(self):
        """Spectra at 0, 10 and 20 s and, after a pause, at 100 s, of which the last has 1e4 times
        the others' height. They are drawn at no time without one, at no relaxation time beyond the
        frequencies, and not flat."""
        sys.path.insert(0, str(nakrun.TOP / "scripts"))
        import plot_impedance
        import matplotlib
        matplotlib.use("Agg")
        from matplotlib import pyplot

        tau, frequency = np.logspace(-6, 1, 71), np.logspace(1, 5, 20)
        gamma = np.exp(-np.log(tau / 1e-3) ** 2)
        spectra = [nakfield.Spectrum(t, 0, frequency, frequency + 0j, tau, gamma * high)
                   for t, high in ((0, 1), (10, 1), (20, 1), (100, 1e4))]
        figure, axis = pyplot.subplots()
        plot_impedance.draw_map(figure, axis, {"spectra": spectra})
        drawn = [mesh.get_coordinates()[0, :, 0].tolist() for mesh in axis.collections]
        self.assertEqual(drawn, [[0, 5], [5, 15], [15, 25], [60, 100]])
        self.assertTrue(np.allclose(axis.get_ylim(), [1 / (2e5 * np.pi), 1 / (2e1 * np.pi)]))
        last = axis.collections[-1]
        self.assertGreaterEqual(last.norm.vmax, 1e4)
        self.assertEqual(tau[np.argmax(last.get_array())], tau[np.argmax(gamma)])


if __name__ == "__main__":
    unittest.main()
