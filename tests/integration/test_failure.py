"""A solver that gives up says so, and leaves the last good state behind."""
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import nakrun

DECK = """
title: steps that may not become as short as they must
solver: {shortest_step: 0.1 s, first_step: 0.2 s}
protocol:
  - {strip: 0.5 mA/cm^2, for: 1 min}
"""


class Failure(unittest.TestCase):
    def give_up(self, *overrides, ranks):
        with tempfile.TemporaryDirectory() as folder:
            run = nakrun.run(DECK, *overrides, ranks=ranks, folder=folder, status=nakrun.SOLVER,
                             message=r"nakfield: the time step at .* solver.shortest_step = 0.1 s")
            log = (run.folder / "log.txt").read_text()
        self.assertEqual(run.summary["status"], "failed")
        self.assertIn("gave up", run.summary["end"])
        self.assertIn("gave up", log)
        self.assertLess(run.balance, 1e-10)
        self.assertEqual(run.series["time_s"][-1], run.summary["time_s"])
        print(f"gave up at {run.summary['time_s']:g} s after {run.summary['time_steps']} steps")

    def test_one_dimension(self):
        self.give_up(ranks=1)

    def test_two_dimensions(self):
        self.give_up("grid.nx=4", "contact.fraction=0.5", "contact.shape=strip", ranks=2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
