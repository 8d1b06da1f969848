"""A static contact pattern leaves the geometric collapse current where it is in 1D: the interphase
levels the current, because where it depletes its neighbours take over (2D, fractions 0.6 and 0.3).
Where limits refer to the area in contact it goes with that.

No path leads beyond the limit here, and no film grows, so that there is a collapse, at a current
that the reference solution gives.
"""
import os
import sys
import unittest
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent.parent / "reference")]
import nak1d
import nakrun

DECK = """
title: the staircase on a frozen contact
grid:       {nx: 24, width: 48 um}
contact:    {patch: 8 um}
interphase: {film_rate: 0 1/s, over_limit_resistance: 0 ohm.m^2}
limits:     {voltage_max: 3 V}
protocol:
  - {strip: 0.55 mA/cm^2, for: 1 min}
  - staircase: {from: 0.6 mA/cm^2, to: 0.8 mA/cm^2, step: 0.01 mA/cm^2, hold: 40 s}
"""


def reference():
    """Collapse current [mA/cm2] and time."""
    cell = nak1d.Cell(nodes=16, film_rate=0.0, over_limit_resistance=0.0)
    steps = [(0.55, 60.0)] + nak1d.staircase(0.6, 0.8, 0.01, 40.0)
    end = nak1d.run_steps(cell, [(i * nak1d.MA_CM2, t) for i, t in steps], "extrapolation", 1e-5)
    return end["current"] / nak1d.MA_CM2, end["time"]


class Levelling(unittest.TestCase):
    def test_collapse_current(self):
        flat = nakrun.run(DECK, "grid.nx=1")
        expected, when = flat.series["current_mA_cm2"][-1], flat.summary["time_s"]
        current, time = reference()
        print(f"1D: collapse at {expected:.2f} mA/cm2 after {when:.2f} s, "
              f"of the reference at {current:.2f} after {time:.2f} s")
        self.assertAlmostEqual(expected, current, delta=0.005)
        self.assertLess(nakrun.relative(when, time), 0.01)
        for fraction in (0.6, 0.3):
            run = nakrun.run(DECK, f"contact.fraction={fraction}", ranks=2)
            current = run.series["current_mA_cm2"][-1]
            late = nakrun.relative(run.summary["time_s"], when)
            print(f"contact {fraction}: collapse at {current:.2f} mA/cm2, in 1D at {expected:.2f}; "
                  f"times {late:.2%} apart")
            self.assertLess(nakrun.relative(current, expected), 0.02)

    def test_limits_of_the_contact(self):
        """`interphase.per: contact`: a cell with less contact has a lower limit, in proportion."""
        expected, _ = reference()
        run = nakrun.run(DECK.replace("0.55", "0.3").replace("0.6 mA", "0.35 mA"), "contact.fraction=0.6",
                         "interphase.per=contact", ranks=2)
        current, share = run.series["current_mA_cm2"][-1], run.series["contact_fraction"][0]
        print(f"limit of the contact: collapse at {current:.2f} mA/cm2 with a contact of {share:.3f}, "
              f"{current / share:.3f} of it, in 1D at {expected:.2f}")
        self.assertLess(share, 0.7)
        self.assertLess(abs(current - expected * share), 0.02 * expected)


if __name__ == "__main__":
    unittest.main(verbosity=2)
