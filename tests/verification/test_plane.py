#!/usr/bin/env python3
"""A cell in 2D, in time, against the independent solution of tests/reference/nak2d.py.

A strip of contact covers half of the face.  The electrolyte resists more than charge transfer
(Wagner number 0.08), so the current at the rim is more than twice that in the middle.  The cell is
stripped to its limit and beyond, with K film, and plated.

The current is steep at the rim, where the program is of first order in the width of its columns.
So each grid must be twice as near as the one before.
"""
import math
import os
import sys
import tempfile
import unittest
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its matrices are small

import numpy as np  # noqa: E402

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "reference")]

import nak1d  # noqa: E402
import nak2d  # noqa: E402
import nakrun  # noqa: E402

MA = nak1d.MA_CM2
WIDTH, CONTACT, HEIGHT, SIGMA = 128e-6, 64e-6, 20e-6, 0.01  # m, S/m
CELL = {"series_resistance": 0.0, "charge_transfer_resistance": 5e-4, "film_rate": 1e-2, "nodes": 12}
DECK = f"""
alloy:       {{diffusivity: 1e-6 m^2/s}}
electrolyte: {{conductivity: {SIGMA} S/m, thickness: {HEIGHT} m, pellet_thickness: {HEIGHT} m,
              grain_boundary_resistivity: 0 ohm.m}}
interphase:  {{per: contact, film_rate: 1e-2 1/s, film_spreading: 0 m^2/s}}
kinetics:    {{charge_transfer_resistance: 5 ohm.cm^2}}
contact:     {{fraction: 0.5, shape: strip}}
grid:        {{width: {WIDTH} m, electrolyte_layers: 32, interphase_layers: 40, alloy_layers: 2,
              finest_alloy: 0 m, alloy_height: 1 um}}
solver:      {{tolerance: 1e-5}}
protocol:
"""
# Current [mA/cm2], positive strips, and time [s].  After 5 s the interphase is a third empty; after
# 10 s more it is at its limit and the film has begun.
STEPS = [(0.4, 0.1), (0.4, 5), (0.4, 10), (0.1, 600), (-4, 0.1), (-4, 20)]
CELLS = 16  # of the reference in half of the contact


def plane(cells=CELLS, height=HEIGHT, sigma=SIGMA, **cell):
    return nak2d.Plane(nak1d.Cell(**{**CELL, **cell}), WIDTH, CONTACT, height, sigma, cells)


def reference():
    """Voltages and states of the columns at the ends of the steps."""
    half, rows = plane(), []
    y = half.start()
    for current, time in STEPS:
        y = half.hold(y, current * MA, [time])[-1]
        rows.append((half.voltage(y, current * MA), half.columns(y)))
    return half, rows


def program(columns, folder):
    """The run, and its frames at the ends of the steps."""
    items = "".join(f"  - {{current: {current} mA/cm^2, for: {time} s}}\n" for current, time in STEPS)
    run = nakrun.run(DECK + items, f"grid.nx={columns}", folder=folder)
    frames = nakrun.nakfield.Run(Path(folder) / "run")
    return run, [frames.frame(k) for k in range(1, len(frames.times))]


class Reference(unittest.TestCase):
    def test_jacobian_against_differences(self):
        half = plane(4)
        y = half.hold(half.start(), 5.0, [5.0])[-1]
        J, step = half.jacobian(y, 5.0), 1e-6 * np.maximum(abs(y), 1e-3)
        D = np.array([(half.rate(y + h, 5.0) - half.rate(y - h, 5.0)) / (2 * s)
                      for h, s in zip(np.diag(step), step)]).T
        self.assertLess(abs(J - D).max(), 1e-7 * abs(D).max())

    def test_without_spreading_it_is_one_column(self):
        """An electrolyte that hardly resists: every column is that of nak1d.py."""
        half, one = plane(3, sigma=1e3), nak1d.Cell(**CELL)
        y = half.hold(half.start(), 2.0, [10.0])[-1]
        wide = nak1d.hold(nak1d.Model(one), nak1d.Model(one).start(), 0.0, 4.0, 10.0)[0][-1]
        self.assertLess(np.ptp(half.potentials(y)), 1e-4)
        self.assertLess(abs(half.voltage(y, 2.0) - wide["potential"]), 1e-4 * wide["potential"])

    def test_constriction_of_a_strip(self):
        """At one potential, over a slab that is high: w / (pi sigma) ln(1 / sin(pi f / 2))."""
        known = WIDTH / (math.pi * SIGMA) * math.log(1 / math.sin(math.pi * CONTACT / WIDTH / 2))
        errors = [plane(n, height=10 * WIDTH).rise / known - 1 for n in (8, 16, 32)]
        print("constriction off by", ["%.1e" % e for e in errors])
        self.assertLess(abs(2 * errors[2] - errors[1]), 1e-3)  # first order: the rim is singular


class Program(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.half, cls.rows = reference()
        cls.runs = {}
        for columns in (16, 32, 64):
            with tempfile.TemporaryDirectory() as folder:
                cls.runs[columns] = program(columns, folder)

    def test_voltages(self):
        known = np.array([row[0] for row in self.rows])
        off = {n: abs(np.array([s["voltage_V"] for s in run.summary["steps"]]) / known - 1)
               for n, (run, _) in self.runs.items()}
        print("voltages:", np.round(1e3 * known, 3), "mV")
        for columns, errors in off.items():
            print(f"{columns} columns: off by", ["%.1e" % e for e in errors])
        self.assertLess(off[64].max(), 0.015)
        spread = [0, 1, 3, 4, 5]  # at the limit the over-limit path, which is local, sets the voltage
        self.assertTrue(np.all(off[64][spread] < 0.5 * off[32][spread]))
        self.assertTrue(np.all(off[32][spread] < 0.5 * off[16][spread]))
        self.assertLess(off[64][2], 1e-3)

    def test_currents_along_the_face(self):
        """Reactions while the rim is not empty yet, over quarters of half of the contact, from its
        middle to its rim."""
        records = [self.half.model.record(0, column, 0, 0) for column in self.rows[0][1]]
        known = np.array([record["reaction"] + record["over_limit"] for record in records])
        known, off = known.reshape(4, -1).mean(axis=1), []
        for columns, (_, frames) in self.runs.items():
            current = np.ravel(frames[0]["current"])[columns // 2 : 3 * columns // 4]
            found = current.reshape(4, -1).mean(axis=1) * CONTACT / WIDTH * 2
            off.append(abs(found / known - 1).max())
            print(f"{columns} columns: currents off by {np.round(100 * (found / known - 1), 2)} %")
        self.assertLess(off[2], 0.006)
        self.assertTrue(off[1] < 0.5 * off[0] and off[2] < 0.5 * off[1])

    def test_film_along_the_face(self):
        """K film where the interphase is empty, at its two ends."""
        b, (_, frames) = self.half.model.B, self.runs[64]
        for step in (2, 3):
            known = 1 - np.exp(self.rows[step][1][[0, -1], b])
            found = np.ravel(frames[step]["k_film"])[[32, 47]]
            print(f"film in the middle and at the rim: {found}, known {known}")
            self.assertLess(abs(found / known - 1).max(), 2e-3)


if __name__ == "__main__":
    unittest.main(verbosity=2)
