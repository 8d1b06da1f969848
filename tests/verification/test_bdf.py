"""The second integrator, backward differentiation with Newton's method (`solver.integrator: bdf`),
against the first one, Rosenbrock's, with which it shares the residual and nothing else.  Tested are
its balances, what it does at switches, events, ramps and nuclei, and restarts to the last bit.  Its
order is a unit test's."""
import shutil
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "torture"))
import nakrun  # noqa: E402
import torture  # noqa: E402

BALANCES = ("na_balance", "k_balance", "charge_balance")

# Switches, events that are located, pulses, and a ramp of the temperature.
SWITCHES = """
grid: {alloy_layers: 8, electrolyte_layers: 4, interphase_layers: 4, finest_electrolyte: 2 um}
protocol:
  - {strip: 0.5 mA/cm^2, for: 200 s, until: voltage > 0.2 V}
  - pulses: {current: 1 mA/cm^2, on: 1 s, off: 2 s, count: 2}
  - {rest: 20 s, temperature: {to: 5 degC, for: 15 s}}
  - {voltage: 20 mV, for: 5 s}
"""
COLUMNS = ("grid.nx=6", "grid.width=24 um", "contact.fraction=0.5", "contact.shape=strip", "protocol.0.for=20 s")

# The deck of benchmarks/grains_precision, shorter: a nucleus in the first step.
GRAINS = """
alloy: {potassium: 91.12 wt%, volume: 4 mm^3}
interphase: {limiting_current: 100 mA/cm^2, diffusion_time: 0.1 s, film_rate: 0 1/s}
grid: {nx: 64, width: 16 um, alloy_height: 40 um, alloy_layers: 12, lateral: symmetric}
microstructure: {grains_b: 1, height: 6 um, angle_b: 60 degree}
protocol: [{strip: 0.05 mA/cm^2, for: 10 s}]
"""
BDF, ROSENBROCK = "solver.integrator=bdf", "solver.integrator=rosenbrock"


class Bdf(unittest.TestCase):
    def conserves(self, run):
        worst = {name: max(map(abs, run.series[name])) for name in BALANCES}
        print(worst)
        self.assertLessEqual(worst["na_balance"], 1e-12)
        self.assertLessEqual(worst["k_balance"], 1e-12)
        self.assertLessEqual(worst["charge_balance"], 1e-10)

    def agree(self, deck, *overrides, ranks=1, tolerance="1e-5"):
        """Both, each step's end and the voltage there; the run by the one that is tested."""
        runs = [nakrun.run(deck, *overrides, f"solver.tolerance={tolerance}", which, ranks=ranks)
                for which in (ROSENBROCK, BDF)]
        for ends in zip(*(run.summary["steps"] for run in runs)):
            times, volts = ([end[key] for end in ends] for key in ("end_s", "voltage_V"))
            print(times, volts)
            self.assertLessEqual(nakrun.relative(times[1], times[0]), 1e-4)
            self.assertLessEqual(abs(volts[1] - volts[0]), 1e-4)
        self.assertEqual(*(len(run.summary["steps"]) for run in runs))
        self.conserves(runs[1])
        return runs[1]

    def test_a_column_at_switches_events_and_ramps(self):
        self.agree(SWITCHES)

    def test_columns(self):
        for ranks in (1, 2, 3):
            with self.subTest(ranks=ranks):
                self.agree(SWITCHES, *COLUMNS, ranks=ranks, tolerance="1e-4")

    def test_the_default_tolerance_holds(self):
        deck = nakrun.DECKS / "wu2025" / "continuous_1mA.yaml"
        a, b = (nakrun.run(deck, which).summary["capacity_mAh_cm2"] for which in (ROSENBROCK, BDF))
        print(a, b)
        self.assertLessEqual(nakrun.relative(b, a), 1e-3)

    def test_a_grain(self):
        runs = [nakrun.run(GRAINS, which) for which in (ROSENBROCK, BDF)]
        wetted = [run.series["wetted_fraction"][-1] for run in runs]
        systems = [sum(run.series["newton_iterations"]) for run in runs]
        iterations = [run.summary["linear_iterations"] for run in runs]
        print(wetted, systems, iterations)
        self.assertLess(wetted[0], 0.8)  # it has grown
        self.assertLessEqual(abs(wetted[1] - wetted[0]), 1e-3)
        self.assertLess(iterations[1], iterations[0] / 2)
        self.conserves(runs[1])

    def test_ranks_agree(self):
        one, three = (nakrun.run(GRAINS, BDF, "protocol.0.for=2 s", ranks=ranks) for ranks in (1, 3))
        self.assertLessEqual(abs(one.series["wetted_fraction"][-1] - three.series["wetted_fraction"][-1]), 1e-5)

    def restarts(self, deck, *overrides, ranks=1):
        """Every run that goes on from some step, first of all from after a switch or a nucleus, is
        the whole one.
        """
        with torture.Folder(deck=deck, columns=()) as folder:
            folder.new("whole", BDF, *overrides, "checkpoint.keep=1000", "checkpoint.steps=1",
                       ranks=ranks).demand(nakrun.DONE)
            whole, place = folder.path / "whole", folder.path / "run"
            reference, points = torture.fingerprint(whole), torture.checkpoints(whole)
            for share in (0, 1 / len(points), 0.3, 0.5, 0.7, 0.95):
                shutil.rmtree(place, ignore_errors=True)
                shutil.copytree(whole, place)
                (place / "summary.json").unlink()
                for path in torture.checkpoints(place):
                    if path.name > points[int(share * len(points))].name:
                        path.unlink()
                folder.again("run", ranks=ranks).demand(nakrun.DONE)
                self.assertEqual(torture.differences(place, reference), [], share)

    def test_restarts_to_the_last_bit(self):
        self.restarts(SWITCHES)
        self.restarts(SWITCHES, *COLUMNS, ranks=2)

    def test_restarts_of_a_grain_to_the_last_bit(self):
        self.restarts(GRAINS, "protocol.0.for=0.5 s")

    def test_a_restart_may_change_the_integrator(self):
        with torture.Folder(deck=SWITCHES, columns=()) as folder:
            for first, second in ((BDF, ROSENBROCK), (ROSENBROCK, BDF)):
                folder.new("run", first, "checkpoint.steps=10").demand(nakrun.DONE)
                (folder.path / "run" / "summary.json").unlink()
                folder.again("run", second).demand(nakrun.DONE)

    def test_what_rests_costs_little(self):
        run = nakrun.run("title: rest\nprotocol: [{rest: 10 h}]\n", BDF)
        self.assertLess(run.summary["time_steps"], 60)
        self.assertEqual(run.balance, 0)

    def test_voids(self):
        deck = nakrun.DECKS / "tutorial" / "voids_2d.yaml"
        runs = [nakrun.run(deck, which, "protocol=[{rest: 10 s}, {strip: 0.2 mA/cm^2, for: 30 s}]", "grid.nx=32",
                           "grid.width=8 um", "microstructure.pockets=1")
                for which in (ROSENBROCK, BDF)]
        wetted = [run.series["wetted_fraction"][-1] for run in runs]
        print(wetted)
        self.assertLessEqual(abs(wetted[1] - wetted[0]), 1e-3)
        self.conserves(runs[1])

    def test_no_cycle_is_skipped(self):
        with torture.Folder(deck=SWITCHES, columns=()) as folder:
            folder.new("run", BDF, "solver.jump=true").demand(nakrun.INPUT, "solver.integrator is bdf")

    def test_a_first_step_too_long_is_no_failure_of_a_solver(self):
        """A voltage held on a liquid of 20 um moves the face within 1e-7 s."""
        deck = "protocol: [{voltage: 0.05 V, for: 1 s}]\n"
        liquid = "interphase=none", "electrolyte={kind: liquid, transport: layers}", "solver.integrator=bdf"
        nakrun.run(deck, *liquid, status=nakrun.SOLVER,
                   message="the error of a step is above solver.tolerance.*lower solver.shortest_step")
        run = nakrun.run(deck, *liquid, "solver.shortest_step=1e-13 s")
        other = nakrun.run(deck, *liquid[:2])
        self.assertLess(abs(run.series["current_mA_cm2"][-1] / other.series["current_mA_cm2"][-1] - 1), 1e-3)

    def test_a_solve_that_only_seems_to_end(self):
        """At 11 s the linearisation is nearly singular: a step of 3.4 s lost 8e-6 of the charge."""
        run = nakrun.run("""
interphase: none
counter: {kind: alloy, interphase: none}
kinetics: {deposit_barrier: 1 V}
grid: {nx: 16, width: 8 um, lateral: symmetric, alloy_layers: 8, electrolyte_layers: 4, finest_electrolyte: 2 um}
microstructure: {grains_a: 1, grains_b: 2, height: 4 um, interface_width: 2 um, pockets: 1, pocket_arrangement: even}
nuclei: {count: 3}
solver: {integrator: rosenbrock}
protocol: [{strip: 0.2 mA/cm^2, for: 20 s}]
""")
        self.assertLess(run.balance, 1e-9)

    def test_nuclei_of_the_film_are_refused(self):
        with torture.Folder(deck=SWITCHES, columns=()) as folder:
            folder.new("run", BDF, *COLUMNS, "contact.fraction=1", "interphase.film_nuclei=6e10 m^-2").demand(
                nakrun.INPUT, "the K film has nuclei: bdf would start again")

    def test_auto_is_the_faster_one(self):
        """With grains this one, without the other; and with grains and nuclei of the film."""
        short = "protocol.0.for=0.1 s"
        for deck, which, *more in ((GRAINS, BDF), (SWITCHES, ROSENBROCK, "protocol.3.for=1 s"),
                                   (GRAINS, ROSENBROCK, "interphase.film_nuclei=1e12 m^-2")):
            if more and "film_nuclei" in more[0]:
                deck = deck.replace(", film_rate: 0 1/s", "")
            auto, named = (nakrun.run(deck, short, *more, *chosen).series for chosen in ((), (which,)))
            self.assertEqual(auto, named)


if __name__ == "__main__":
    unittest.main(verbosity=2)
