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
                             message=r"nakfield: the error of a step is above solver.tolerance: the time "
                                     r"step at .* solver.shortest_step = 0.1 s")
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


class Warned(unittest.TestCase):
    def test_holds_that_may_not_end(self):
        with tempfile.TemporaryDirectory() as folder:
            deck = Path(folder) / "deck.yaml"
            deck.write_text(DECK)
            nakrun.call("check", deck, "protocol=[{rest: , until: voltage < 1 mV}]", ranks=0).demand(
                nakrun.DONE, "warning: this 'rest' goes on for ever if none of its conditions comes true")


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
        self.refuse("a vector of 2.698e.09 numbers", "grid.nx=4096", "grid.ny=3700")
        self.refuse("unknowns in 65536 x 65536 columns", "grid.nx=65536", "grid.ny=65536",
                    "solver.shortest_step=1e-9 s")

    def test_phases(self):
        """`model: alloy`: what does not fit together, at its line, by `check` as well; and a grid for no machine."""
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
