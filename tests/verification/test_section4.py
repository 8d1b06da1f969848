#!/usr/bin/env python3
"""1D runs against tests/reference/nak1d.py, an independent solution of the same equations.

Capacities and voltages agree to 2 %.  usage: test_section4.py [--long] [unittest arguments]
"""
import sys
import unittest
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "reference")]

import nak1d  # noqa: E402
import nakrun  # noqa: E402

LONG = "--long" in sys.argv
MA, MAH = nak1d.MA_CM2, nak1d.MAH_CM2
SOLID_NA = 23.8e-6  # [m3/mol]
BOUND = 0.02
RUNAWAY = 1.0  # [V]: above it the voltage is only a matter of time, which the capacity compares
LEAST_VOLTAGE = 0.01  # [V]: below it the distance counts against this

# Parameter sets: what the deck says, and the same for the reference.
LARGE = (["kinetics.double_layer=0.7 mF/cm^2"], {"double_layer": 7.0})
USUAL = ([], {})
VARIANTS = {
    "calibrated": ([], {}),
    "slow interphase": (["interphase.diffusion_time=25 s"], {"diffusion_time": 25.0}),
    "other isotherm": (["interphase.exponent=1.4", "alloy.potassium=60 wt%"],
                       {"exponent": 1.4, "potassium": 60.0}),
    "smaller limit": (["interphase.limiting_current=0.4 mA/cm^2"], {"limiting_current": 0.4 * MA}),
    "warm": (["alloy.temperature=40 degC"], {"temperature": 313.15}),
    "other double layer": (["kinetics.double_layer=0.2 mF/cm^2"], {"double_layer": 2.0}),
    "skewed reaction": (["kinetics.symmetry=0.3", "kinetics.charge_transfer_resistance=120 ohm.cm^2"],
                        {"symmetry": 0.3, "charge_transfer_resistance": 120e-4}),
    "other reference": (["interphase.reference_potassium=40 wt%"], {"reference_potassium": 40.0}),
}


def voltage_distance(value, expected):
    return abs(value - expected) / max(abs(expected), LEAST_VOLTAGE)


class Section4(unittest.TestCase):
    longMessage = True

    def capacity(self, run, reference, note, bound=BOUND):
        got, expected = run.summary["capacity_mAh_cm2"], reference["charge"] / MAH
        print(f"{note}: capacity {got:.6g}, reference {expected:.6g} mAh/cm2")
        self.assertLess(nakrun.relative(got, expected), bound, note)

    def curve(self, run, table, note, until=0.9):
        """Voltages at twelve moments before the end."""
        times = np.array([row["time"] for row in table])
        volts = np.array([row["voltage"] for row in table])
        series_t, series_v = run.series["time_s"], run.series["voltage_V"]
        for t in np.linspace(0.05, until, 12) * times[-1]:
            got, expected = np.interp(t, series_t, series_v), np.interp(t, times, volts)
            self.assertLess(voltage_distance(got, expected), BOUND, f"{note} at {t:g} s")

    def staircase(self, note, potassium, step, hold, settings):
        overrides, changes = settings
        levels = nak1d.staircase(0.05, 1, step, hold)
        changes = {"potassium": potassium, **changes}
        reference = nak1d.run_steps(nak1d.Cell(**changes), [(i * MA, t) for i, t in levels])
        run = nakrun.run(
            "protocol:\n"
            f"  - staircase: {{from: 0.05 mA/cm^2, to: 1 mA/cm^2, step: {step} mA/cm^2, hold: {hold} s}}\n"
            "    until: voltage > 3 V\n",
            f"alloy.potassium={potassium} wt%", *overrides)
        steps = run.summary["steps"]
        self.assertEqual(len(steps), len(reference["steps"]), f"{note}: level of the collapse")
        print(f"{note}: collapse at {steps[-1]['current_mA_cm2']:.3g} mA/cm2")
        for got, expected in zip(steps[:-1], reference["steps"]):
            if expected["voltage"] > RUNAWAY:
                break
            self.assertLess(voltage_distance(got["voltage_V"], expected["voltage"]), BOUND,
                            f"{note} at {got['current_mA_cm2']} mA/cm2")
        self.capacity(run, reference, note)
        return run

    def test_staircases(self):
        for potassium, collapse in ((50, 0.70), (65, 0.20), (80, 0.05)):
            with self.subTest(potassium=potassium):
                run = self.staircase(f"NaK{potassium}", potassium, 0.01, 40, USUAL)
                current = run.summary["steps"][-1]["current_mA_cm2"]
                self.assertAlmostEqual(current, collapse, delta=0.011)

    def test_staircases_with_double_layer(self):
        for potassium in (50, 65, 80):
            with self.subTest(potassium=potassium):
                self.staircase(f"NaK{potassium}, 0.7 mF/cm2", potassium, 0.01, 40, LARGE)

    def test_other_parameters(self):
        for note, (overrides, changes) in VARIANTS.items():
            with self.subTest(note):
                potassium = changes.get("potassium", 50.0)
                self.staircase(note, potassium, 0.05, 60, (overrides, changes))

    def test_continuous(self):
        for current in (0.25, 0.8, 1.0):
            for note, overrides, changes in (("", *USUAL), (", 0.7 mF/cm2", *LARGE)):
                with self.subTest(current=current, double_layer=note):
                    cell = nak1d.Cell(**changes)
                    reference = nak1d.run_steps(cell, [(current * MA, 2 * cell.q0 / (current * MA))])
                    run = nakrun.run(f"protocol:\n  - strip: {current} mA/cm^2\n"
                                     "    until: voltage > 3 V\n", *overrides)
                    self.curve(run, reference["table"], f"{current} mA/cm2{note}")
                    self.capacity(run, reference, f"{current} mA/cm2{note}")

    def test_plating(self):
        for current in (0.4, 0.7, 1.0):
            with self.subTest(current=current):
                seconds = 4 * 3600 / current
                reference = nak1d.run_steps(nak1d.Cell(), [(-current * MA, seconds)])
                run = nakrun.run(f"protocol:\n  - plate: {current} mA/cm^2\n    for: {seconds} s\n",
                                 "kinetics.filament_speed=0 m^3/A/s")
                self.curve(run, reference["table"], f"plating at {current} mA/cm2", until=1.0)
                expected = reference["deposit"] / nak1d.FARADAY * SOLID_NA * 1e9
                got = run.series["deposit_nm_mean"][-1]
                print(f"plating at {current}: deposit {got:.6g}, reference {expected:.6g} nm")
                self.assertLess(abs(got - expected), BOUND * max(expected, 1.0))

    def test_back_and_forth(self):
        """Strip, rest, plate and strip again: the deposit and the double layer remember."""
        steps = [(0.5, 600), (0, 60), (-0.9, 3600), (0, 3600), (0.4, 600)]
        reference = nak1d.run_steps(nak1d.Cell(), [(i * MA, t) for i, t in steps])
        items = "".join(f"  - {{current: {i} mA/cm^2, for: {t} s}}\n" for i, t in steps)
        run = nakrun.run("protocol:\n" + items, "kinetics.filament_speed=0 m^3/A/s")
        for got, expected in zip(run.summary["steps"], reference["steps"]):
            self.assertLess(voltage_distance(got["voltage_V"], expected["voltage"]), BOUND)
        expected = reference["deposit"] / nak1d.FARADAY * SOLID_NA * 1e9
        self.assertLess(nakrun.relative(run.series["deposit_nm_mean"][-1], expected), BOUND)

    def pulses(self, off, count, settings):
        overrides, changes = settings
        reference = nak1d.pulses(nak1d.Cell(**changes), MA, 1.0, off, count)
        run = nakrun.run(
            "protocol:\n"
            f"  - pulses: {{current: 1 mA/cm^2, on: 1 s, off: {off} s, count: {count}}}\n"
            "    until: voltage > 3 V\n", "output.timeseries.every=1 min", *overrides, timeout=3000)
        note = f"pulses with {off} s of rest, {overrides}"
        self.capacity(run, reference, note)
        ended = run.summary["status"] == "cutoff" or "voltage" in run.summary["end"]
        self.assertEqual(ended, reference["end"] == "voltage", note)
        return run, reference

    def test_short_pulse_trains(self):
        for off, settings in ((0.1, USUAL), (0.1, LARGE), (0.5, LARGE)):
            with self.subTest(off=off, settings=settings):
                self.pulses(off, 100, settings)

    @unittest.skipUnless(LONG, "with --long only")
    def test_jumps(self):
        """Skipping pulses changes nothing that matters."""
        ends = []
        for jump in ("true", "false"):
            run, _ = self.pulses(1, 100000, ([f"solver.jump={jump}"], {}))
            ends.append(run.summary["capacity_mAh_cm2"])
        self.assertLess(nakrun.relative(*ends), 1e-3)

    @unittest.skipUnless(LONG, "with --long only")
    def test_pulse_trains(self):
        for off, published in ((1, 2.5), (2, 7), (5, 12), (10, 14)):
            with self.subTest(off=off):
                run, _ = self.pulses(off, 100000, (["solver.jump=true"], {}))
                self.assertAlmostEqual(run.summary["capacity_mAh_cm2"], published, delta=0.6)


if __name__ == "__main__":
    unittest.main(argv=[a for a in sys.argv if a != "--long"], verbosity=2)
