"""Skipped cycles change nothing that counts: pulse trains with and without them, in 1D and 2D.

The cell holds a fortieth of the alloy, so that a train to 3 V has some thousand pulses.
"""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import nakrun

DECK = """
title: a pulse train in a small cell
alloy:    {volume: 1 uL}
grid:     {alloy_height: 10 um}
protocol:
  - pulses: {current: 1 mA/cm^2, on: 1 s, off: 5 s, count: 100000}
    until: voltage > 3 V
output:   {timeseries: {every: 1 min}}
"""

DROPS = """
alloy:    {{volume: 1 uL}}
grid:     {{alloy_height: 10 um}}
protocol:
  - repeat: 2000
    until: voltage_drop > {}
    steps: [{{strip: 0.3 mA/cm^2, for: 5 s}}, {{plate: 0.1 mA/cm^2, for: 5 s}}]
"""


class Jump(unittest.TestCase):
    def compare(self, *overrides, ranks=1):
        every, some = (nakrun.run(DECK, f"solver.jump={jump}", *overrides, ranks=ranks)
                       for jump in ("false", "true"))
        capacity = [run.summary["capacity_mAh_cm2"] for run in (every, some)]
        steps = [run.summary["time_steps"] for run in (every, some)]
        error = nakrun.relative(capacity[1], capacity[0])
        print(f"{overrides}: {capacity[0]:.4f} and {capacity[1]:.4f} mAh/cm2, {error:.2%} apart; "
              f"{steps[0]} and {steps[1]} steps; balance {some.balance:.1e}")
        for run in (every, some):
            self.assertEqual(run.summary["status"], "condition")
            self.assertLess(run.balance, 1e-10)
            shares = sum(step["capacity_mAh_cm2"] for step in run.summary["steps"])
            self.assertLess(nakrun.relative(shares, run.summary["capacity_mAh_cm2"]), 1e-9)
        self.assertLess(error, 0.01)
        self.assertLess(steps[1], 0.7 * steps[0])

    def test_one_dimension(self):
        self.compare()

    def test_two_dimensions(self):
        self.compare("grid.nx=4", "grid.width=16 um", "contact.fraction=0.5", "contact.shape=strip",
                     "grid.electrolyte_layers=4", "grid.interphase_layers=6", "grid.alloy_layers=6",
                     "alloy.volume=0.15 uL",
                     "grid.alloy_height=3 um")

    def test_a_drop_of_the_voltage(self):
        """Within a turn the voltage falls more and more; no jump goes past the turn where it falls
        too far."""
        for drop in ("1.15 mV", "3.5 mV"):
            every, some = (nakrun.run(DROPS.format(drop), f"solver.jump={jump}").summary
                           for jump in ("false", "true"))
            turns = [run["steps"][1]["executions"] for run in (every, some)]
            print(f"voltage_drop > {drop}: turn {turns[0]} and {turns[1]}; "
                  f"{every['time_steps']} and {some['time_steps']} steps")
            self.assertEqual(some["end"], every["end"])
            self.assertLessEqual(abs(turns[1] - turns[0]), 0.02 * turns[0])
            self.assertLess(some["time_steps"], 0.9 * every["time_steps"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
