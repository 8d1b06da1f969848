#!/usr/bin/env python3
"""The reference solution against itself and against the figures that the model was calibrated on."""
import dataclasses
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reference"))

import nak1d  # noqa: E402

MA, MAH = nak1d.MA_CM2, nak1d.MAH_CM2
BARE = nak1d.Cell(double_layer=0.0)


class Reference(unittest.TestCase):
    def test_thermodynamics(self):
        self.assertAlmostEqual(nak1d.liquidus(298.15, (0.14, 0.03)), 0.143, delta=5e-4)
        self.assertAlmostEqual(nak1d.liquidus(298.15, (0.70, 0.985)), 0.704, delta=5e-4)
        self.assertAlmostEqual(nak1d.ocv(0.63, 298.15), 1.6e-3, delta=1e-4)
        self.assertAlmostEqual(BARE.q0 / MAH, 54.6, delta=0.5)

    def test_staircase_collapse(self):
        for potassium, current in ((50, 0.70), (65, 0.20), (80, 0.05)):
            cell = dataclasses.replace(BARE, potassium=potassium)
            levels = nak1d.staircase(0.05, 1, 0.01, 40)
            end = nak1d.run_steps(cell, [(i * MA, t) for i, t in levels])
            self.assertAlmostEqual(end["current"] / MA, current, delta=0.011)

    def test_pulse_capacities(self):
        for off, capacity in ((0, 0), (0.1, 0), (1, 2.5), (2, 7), (5, 12), (10, 14)):
            end = nak1d.pulses(BARE, MA, 1.0, off, 100000)
            self.assertAlmostEqual(end["charge"] / MAH, capacity, delta=0.35)

    def test_pulses_and_steps_agree(self):
        """Two integrators, one train: every pulse by BDF, and the stepper of the long trains."""
        cell = nak1d.Cell(double_layer=0.5)
        train = nak1d.pulses(cell, MA, 1.0, 0.3, 100)
        steps = nak1d.run_steps(cell, [(MA, 1.0), (0.0, 0.3)] * 100)
        self.assertEqual((train["end"], steps["end"]), ("voltage", "voltage"))
        self.assertLess(abs(train["charge"] / steps["charge"] - 1), 1e-3)

    def test_pulse_leaps(self):
        """Smaller leaps give the same capacity."""
        cell = nak1d.Cell(double_layer=0.05)
        ends = [nak1d.pulses(cell, MA, 1.0, 1.0, 100000, jump)["charge"] for jump in (0.02, 0.01)]
        self.assertLess(abs(ends[0] / ends[1] - 1), 2e-3)

    def test_resolution(self):
        ends = [nak1d.run_steps(nak1d.Cell(nodes=n), [(MA, 100.0)])["charge"] for n in (16, 32)]
        self.assertLess(abs(ends[0] / ends[1] - 1), 1e-4)

    def test_plating(self):
        at = {i: nak1d.run_steps(nak1d.Cell(), [(-i * MA, 4 * MAH / (i * MA))]) for i in (0.4, 0.7)}
        self.assertEqual(at[0.4]["deposit"], 0)
        onset = next(r["charge"] for r in at[0.7]["table"] if r["deposit"] > 0) / MAH
        self.assertAlmostEqual(-onset, 0.6, delta=0.1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
