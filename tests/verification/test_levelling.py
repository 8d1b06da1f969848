"""A static contact pattern leaves the geometric collapse current where it is in 1D: the interphase
levels the current, because where it depletes its neighbours take over (2D, fractions 0.6 and 0.3).
"""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import nakrun

DECK = """
title: the staircase on a frozen contact
grid:       {nx: 24, width: 48 um}
contact:    {patch: 8 um}
interphase: {film_rate: 0 1/s}
protocol:
  - {strip: 0.55 mA/cm^2, for: 1 min}
  - staircase: {from: 0.6 mA/cm^2, to: 0.8 mA/cm^2, step: 0.01 mA/cm^2, hold: 40 s}
    until: voltage > 3 V
"""


class Levelling(unittest.TestCase):
    def test_collapse_current(self):
        flat = nakrun.run(DECK, "grid.nx=1")
        expected = flat.series["current_mA_cm2"][-1]
        for fraction in (0.6, 0.3):
            run = nakrun.run(DECK, f"contact.fraction={fraction}", ranks=2)
            current = run.series["current_mA_cm2"][-1]
            late = nakrun.relative(run.summary["time_s"], flat.summary["time_s"])
            print(f"contact {fraction}: collapse at {current:.2f} mA/cm2, in 1D at {expected:.2f}; "
                  f"times {late:.2%} apart")
            self.assertAlmostEqual(expected, 0.70, delta=0.005)
            self.assertLess(nakrun.relative(current, expected), 0.02)


if __name__ == "__main__":
    unittest.main(verbosity=2)
