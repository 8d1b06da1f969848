"""A solver that gives up says so, and leaves the last good state."""
import json
import re
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import nakrun

DECK = """
title: steps that may not become as short as they must
solver: {shortest_step: 0.1 s, first_step: 0.2 s}
protocol:
  - {strip: 0.5 mA/cm^2, for: 1 min}
"""


def reported(text):
    """The last error on standard error."""
    return re.findall("^nakfield: (.*)$", text, re.MULTILINE)[-1]


class Failure(unittest.TestCase):
    def give_up(self, *overrides, ranks):
        with tempfile.TemporaryDirectory() as folder:
            run = nakrun.run(DECK, *overrides, ranks=ranks, folder=folder, status=nakrun.SOLVER,
                             message=r"nakfield: the error of a step is above solver.tolerance: the time "
                                     r"step at .* solver.shortest_step = 0.1 s")
            log = (run.folder / "log.txt").read_text()
        self.assertEqual(run.summary["status"], "failed")
        reason = "the solver gave up: " + reported(run.output.err)
        self.assertRegex(reason, "; raise solver.tolerance, or lower solver.shortest_step$")
        self.assertEqual(run.summary["end"], reason)
        self.assertIn(f"failed: {reason}\n", log)
        self.assertLess(run.balance, 1e-10)
        self.assertEqual(run.series["time_s"][-1], run.summary["time_s"])
        print(f"gave up at {run.summary['time_s']:g} s after {run.summary['time_steps']} steps")

    def test_one_dimension(self):
        self.give_up(ranks=1)

    def test_two_dimensions(self):
        self.give_up("grid.nx=4", "contact.fraction=0.5", "contact.shape=strip", ranks=2)

    def test_steps_that_end_early(self):
        """The last line names them, but not the one that ended the run."""
        deck = """
protocol:
  - repeat: 3
    steps: [{strip: 0.1 mA/cm^2, for: 2 s, until: capacity > 0.00015 mAh/cm^2}]
  - {plate: 0.1 mA/cm^2, for: 1 h, until: step_capacity > 1e-5 mAh/cm^2}
  - {rest: 1 h, until: total_time > 1 min}
"""
        with tempfile.TemporaryDirectory() as folder:
            run = nakrun.run(deck, folder=folder)
            log = (run.folder / "log.txt").read_text()
        early = ("; ended early: step 0 (strip, 1 of 3 times) by capacity > 0.00015 mAh/cm^2, "
                 "step 1 (plate) by step_capacity > 1e-5 mAh/cm^2\n")
        self.assertTrue(log.endswith(early), log[-300:])
        self.assertEqual([step["ended_early"] for step in run.summary["steps"]], [1, 1, 0])

    def test_other_solvers(self):
        """Each names a cause and a remedy, in all three places."""
        alloy = (nakrun.DECKS / "tutorial/solidification_2d.yaml").read_text()
        box = (nakrun.TOP / "benchmarks/pfhub/bm1a.yaml").read_text()
        for deck, overrides, reason in (
                (alloy, ("microstructure.nx=40", "microstructure.nz=40", "march.first_step=20 us",
                         "march.shortest_step=19 us", "march.tolerance=1e-6"),
                 "its error is too large; raise march.tolerance"),
                (box, ("box.nx=32", "box.ny=32", "time.first_step=10", "time.shortest_step=9"),
                 "it is not solved; raise multigrid.cycles")):
            with self.subTest(reason), tempfile.TemporaryDirectory() as folder:
                Path(folder, "deck.yaml").write_text(deck)
                output = nakrun.call("run", "deck.yaml", "output.directory=run", *overrides, "--quiet", folder=folder)
                output.demand(nakrun.SOLVER, reason)
                summary = json.loads(Path(folder, "run/summary.json").read_text())
                self.assertEqual(summary["end"], "the solver gave up: " + reported(output.err))
                self.assertIn(f"failed: {summary['end']}\n", Path(folder, "run/log.txt").read_text())


class Full(unittest.TestCase):
    def test_what_is_kept_free_is_said(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "deck.yaml").write_text(DECK)
            output = nakrun.shell('ulimit -f 8192; "$@"', "run", "deck.yaml", "--quiet", folder=folder)
            output.demand(
                nakrun.OUTPUT, r"cannot write runs/deck/fields/grid.h5: it needs [0-9.]+ MB and leaves 4.19 MB to the "
                               r"other files of the run, and 4.19 MB are free: make room")
            self.assertIn(f"ended by an error: {reported(output.err)}\n",
                          Path(folder, "runs/deck/log.txt").read_text())


class Slow(unittest.TestCase):
    """A run whose steps stay far too short says what holds it: once, on standard error and in the
    log.
    """
    DECK = """
title: as accurate as no one needs it, in steps as long as no one takes them
solver: {tolerance: TOLERANCE, longest_step: 1000 h}
protocol:
  - {strip: 0.9 mA/cm^2, for: 100 h, until: capacity > 0.0003 mAh/cm^2}
"""
    REPORT = re.compile(r"warning: at (\S+) s: 1000 time steps in a row were below 1e-06 of the (\S+) s asked for, "
                        r"held by the error of the \w.* in column \((\d+), (\d+)\): a higher solver.tolerance may help")

    def reports(self, tolerance, *overrides, ranks=1):
        with tempfile.TemporaryDirectory() as folder:
            run = nakrun.run(self.DECK.replace("TOLERANCE", str(tolerance)), *overrides, ranks=ranks, folder=folder)
            log = (run.folder / "log.txt").read_text()
        self.assertEqual(run.summary["status"], "condition")
        said, logged = self.REPORT.findall(run.output.err), self.REPORT.findall(log)
        self.assertEqual(said, logged)
        return said, run

    def test_reported_once(self):
        for overrides, ranks in (((), 1), (("grid.nx=3", "contact.fraction=0.7", "contact.shape=strip"), 2)):
            found, run = self.reports(1e-9, *overrides, ranks=ranks)
            self.assertEqual(len(found), 1)
            time, asked, x, y = found[0]
            print(f"on {ranks} ranks reported at {time} s, column {x}, {y}")
            at = np.searchsorted(run.series["time_s"], float(time) * (1 - 1e-8))
            self.assertGreaterEqual(at, 1000)
            self.assertLess(np.diff(run.series["time_s"][1:at]).max(), 1e-6 * float(asked))
            self.assertLess(float(asked), 360000.1)  # what the item has left, which is less than the longest step
            self.assertEqual(y, "0")
            self.assertLess(int(x), 3)

    def test_a_usual_run_says_nothing(self):
        self.assertEqual(self.reports(1e-4)[0], [])


class Warned(unittest.TestCase):
    def test_holds_that_may_not_end(self):
        with tempfile.TemporaryDirectory() as folder:
            deck = Path(folder) / "deck.yaml"
            deck.write_text(DECK)
            nakrun.call("check", deck, "protocol=[{rest: , until: voltage < 1 mV}]", ranks=0).demand(
                nakrun.DONE, "warning: this 'rest' never ends if none of its conditions comes true")


class Refused(unittest.TestCase):
    """What no machine can do, and what no deck may, is refused before anything is done."""

    def refuse(self, message, *overrides, text=DECK, word="run"):
        with tempfile.TemporaryDirectory() as folder:
            deck = Path(folder) / "deck.yaml"
            deck.write_text(text)
            output = nakrun.call(word, deck, *overrides, ranks=0, folder=folder, timeout=60)
            output.demand(nakrun.INPUT, message)
            self.assertEqual([path.name for path in Path(folder).iterdir()], ["deck.yaml"])

    def test_grids(self):
        self.refuse("needs about [0-9.e+]+ GB of memory on one node, and there are", "grid.nx=2500", "grid.ny=4000",
                    "solver.shortest_step=1e-9 s")
        self.refuse("a vector of 2.986e.09 numbers", "grid.nx=4096", "grid.ny=3700")
        self.refuse("unknowns in 65536 x 65536 columns", "grid.nx=65536", "grid.ny=65536",
                    "solver.shortest_step=1e-9 s")

    def test_phases(self):
        """`model: alloy`: what does not fit together, at its line, by `check` as well; and a grid
        for no machine.
        """
        text = (nakrun.DECKS / "tutorial/solidification_2d.yaml").read_text()
        for message, override in ((":7:7: interfaces of .* are 1.2 cells .* raise microstructure.nx to 214",
                                   "microstructure.interface_width=0.6 um"),
                                  ("temperature at the end is -112 K.*cooling_rate or march.end",
                                   "microstructure.cooling_rate=1000 K/s"),
                                  ("11 phases, and at most 8", "microstructure.grains_a=7"),
                                  ("current is not 0, and the box has no bottom", "microstructure.current=1 A/cm^2"),
                                  ("4e.08 frames", "output.fields.every=1 ns")):
            self.refuse(message, override, text=text, word="check")
        self.refuse("GB of memory on one node", "microstructure.nx=20000", "microstructure.nz=20000", text=text)

    def test_directories(self):
        for name in ("/", "//", ".", "..", "runs/..", "/.", "./."):
            self.refuse("name a directory for this run alone", f"output.directory={name}")

    def test_a_deck_of_dots(self):
        """Its run has a directory of its own, too."""
        for name in ("..yaml", "...yaml"):
            with tempfile.TemporaryDirectory() as folder:
                Path(folder, name).write_text(DECK)
                nakrun.call("run", name, "protocol=[{rest: 1 s}]", ranks=0, folder=folder).demand(nakrun.DONE, "runs/run")
                self.assertEqual([path.name for path in Path(folder, "runs").iterdir()], ["run"])

    def test_frames(self):
        self.refuse("6e.*frames, a file each", "output.fields.every=1e-9 s")

    def test_spectra(self):
        self.refuse("6e.* spectra, and 1e6 are allowed", "protocol.0.impedance.every=1e-8 s")

    def test_holds_without_an_end(self):
        self.refuse("nothing ends this 'rest': while it lasts, no current flows",
                    "protocol=[{rest: , until: step_capacity > 1 C/m^2}]")

    def test_options_of_petsc(self):
        for option in ("-ksp_view ascii:/tmp/x", "-log_view", "-options_file x", "-start_in_debugger",
                       "-ts_monitor -log_view", "/etc/passwd"):
            self.refuse("not an option of a solver", f"petsc=[\"{option}\"]")
        self.refuse("more than 4095 bytes", "petsc=[" + ", ".join(["-ksp_monitor_" + 100 * "x"] * 40) + "]")


if __name__ == "__main__":
    unittest.main(verbosity=2)
