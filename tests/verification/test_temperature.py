"""How the cell follows its temperature, against closed forms, the reference in one dimension and
published figures.

Laws and energies are written out once more here; phases and potentials are those of
tests/reference/nak1d.py, which shares nothing with the program.
"""
import csv
import math
import os
import re
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # matrices are small

import h5py  # noqa: E402
import numpy as np  # noqa: E402
from scipy.optimize import least_squares  # noqa: E402

HERE = Path(__file__).resolve().parent
for part in (HERE.parent, HERE.parent / "reference", HERE.parent / "torture"):
    sys.path.insert(0, str(part))
import nak1d  # noqa: E402
import nakrun  # noqa: E402
import torture  # noqa: E402

ROOM, ZERO = 298.15, 273.15
EV = 1.602176634e-19 / 1.380649e-23  # an electronvolt over Boltzmann's constant [K]
FARADAY, GAS = nak1d.FARADAY, nak1d.GAS
ENERGIES = ("electrolyte.activation_energy", "electrolyte.grain_boundary_activation_energy",
            "kinetics.activation_energy", "interphase.activation_energy",
            "interphase.over_limit_activation_energy", "interphase.realloying_activation_energy",
            "alloy.activation_energy")

# No diffusion in the alloy, which is endless, no adlayer, no film, no second path: closed forms
# hold.
IDEAL = ("alloy.volume=900 cm^3", "alloy.diffusivity=1e-8 m^2/s", "alloy.solids=supercooled",
         "alloy.activation_energy=0 eV", "grid.alloy_height=1 um", "grid.alloy_layers=4",
         "kinetics.adlayer_charge=0 C/m^2", "interphase.over_limit_resistance=0 ohm.m^2",
         "interphase.film_rate=0 1/s", "grid.electrolyte_layers=4")


def factor(energy, T):
    return math.exp(-energy * EV * (1 / T - 1 / ROOM))


def protocol(*items):
    return "protocol=[" + ", ".join(items) + "]"


def write(folder, extra=""):
    path = Path(folder) / "deck.yaml"
    path.write_text("title: temperature\nprotocol: [{rest: 1 s}]\n" + extra, encoding="utf-8")
    return path


class Work:
    """Runs of one deck with overrides, in a folder of its own."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="temperature-"))
        self.deck = write(self.path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def call(self, command, *overrides):
        words = [word for word in ("output.directory=run", "--replace") if command != "check"]
        quiet = ["--quiet"] if command == "run" else []
        return nakrun.call(command, self.deck, *words, *overrides, *quiet, ranks=0, folder=self.path)

    def run(self, *overrides):
        self.call("run", *overrides).demand(nakrun.DONE)
        done = nakrun.Run(self.path / "run", None)
        return done, {name: np.array(values) for name, values in done.series.items()}

    def text(self, name):
        return (self.path / "run" / name).read_bytes()

    def fields(self):
        """The first and the last frame of a run: arrays by name."""
        frames = sorted((self.path / "run" / "fields").glob("0*.h5"))
        with h5py.File(frames[0]) as first, h5py.File(frames[-1]) as last:
            names = [name for name in first if isinstance(first[name], h5py.Dataset)]
            return {name: (first[name][()], last[name][()]) for name in names}

    def spectrum(self, *overrides):
        """Frequencies [Hz] and Z [ohm m2] of the pristine cell."""
        self.call("impedance", *overrides).demand(nakrun.DONE)
        with open(self.path / "run" / "impedance.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        table = dict(zip(rows[0], np.array(rows[1:], dtype=float).T))
        return table["frequency_Hz"], 1e-4 * (table["z_re_ohm_cm2"] + 1j * table["z_im_ohm_cm2"])


def kelvin(celsius):
    return ZERO + celsius


def settings(potassium=50, celsius=25.0, solids="equilibrium"):
    return (f"alloy.potassium={potassium} wt%", f"alloy.temperature={celsius} degC", f"alloy.solids={solids}")


class Rates(unittest.TestCase):
    def test_nothing_changes_at_25_degrees(self):
        """Every factor is exactly 1, and away from there every energy matters."""
        items = protocol("{strip: 0.9 mA/cm^2, for: 60 s, until: voltage > 2.5 V, impedance: {every: 7 s}}",
                         "{rest: 30 s}", "{plate: 0.9 mA/cm^2, for: 20 s}")
        base = (items, "impedance.per_decade=2", "interphase.film_rate=1e-2 1/s",
                "interphase.film_dissolution_time=100 s")
        none = tuple(f"{name}=0 eV" for name in ENERGIES)
        with Work() as work:
            tables = []
            for energies in ((), none, ("interphase.partition_enthalpy=0.15 eV",)):
                _, series = work.run(*base, *energies)
                tables.append((work.text("timeseries.csv"), work.text("impedance.csv")))
            self.assertGreater(series["k_film_fraction"].max(), 0.02)  # else its rates could not matter
            self.assertTrue(tables[0] == tables[1] == tables[2])
            cold = ("alloy.temperature=10 degC", "alloy.solids=supercooled")
            work.run(*base, *cold)
            reference = work.text("timeseries.csv")
            for name, value in ((*((name, 0) for name in ENERGIES), ("interphase.partition_enthalpy", 0.15))):
                with self.subTest(energy=name):
                    work.run(*base, *cold, f"{name}={value} eV")
                    self.assertFalse(work.text("timeseries.csv") == reference)

    def jumps(self, *overrides):
        """Ohmic drop [ohm m2] at each temperature: the jump of V where a current sets in."""
        celsius = (60, 40, 25, 0, -10)
        items = [item for c in celsius for item in
                 (f"{{temperature: {c} degC}}", "{rest: 1 s}", "{strip: 0.1 mA/cm^2, for: 1 us}")]
        with Work() as work:
            _, series = work.run(protocol(*items), *overrides)
        found = []
        for k in range(len(celsius)):
            before = series["voltage_V"][series["step"] == 3 * k + 1][-1]
            found.append((series["voltage_V"][series["step"] == 3 * k + 2][0] - before) / 1.0)
        return np.array([kelvin(c) for c in celsius]), np.array(found)

    def test_ohmic_drop(self):
        T, found = self.jumps("alloy.solids=supercooled")
        law = [150e-4 * t / ROOM / factor(0.30, t) + 100e-4 * t / ROOM / factor(0.40, t) for t in T]
        print("ohmic drop:", ", ".join(f"{t - ZERO:.0f} C {1e4 * r:.1f} ohm cm2" for t, r in zip(T, found)))
        np.testing.assert_allclose(found, law, rtol=1e-8)  # as many digits as the table of V has
        np.testing.assert_allclose(1e4 * found, [71, 140, 250, 781, 1326], atol=0.5)

    def test_grains_alone(self):
        T, found = self.jumps("alloy.solids=supercooled", "electrolyte.grain_boundary_resistivity=0 ohm.m")
        y = np.log(1.5e-3 / found * T)
        slope, start = np.polyfit(1 / T, y, 1)
        print(f"grains: {-slope / EV:.6f} eV")
        self.assertAlmostEqual(-slope / EV, 0.300, delta=1e-6)
        self.assertLess(np.abs(y - slope / T - start).max(), 1e-7)

    def test_limit_times_diffusion_time(self):
        """Both measured: the Na that the interphase holds does not depend on T, and its diffusion
        does.  With an enthalpy of partition it holds `part` of that in equilibrium, which E does
        not see."""
        for celsius, enthalpy in ((-10, 0), (0, 0), (0, 0.15), (25, 0), (60, 0), (60, -0.1)):
            T = kelvin(celsius)
            part = factor(enthalpy, T)
            tau = 7.5 / factor(0.15, T)
            share = 0.3 * part * factor(0.15, T)  # of the limit at 25 C
            with Work() as work:
                _, series = work.run(
                    *IDEAL, f"alloy.temperature={celsius} degC", f"interphase.partition_enthalpy={enthalpy} eV",
                    "grid.interphase_layers=40", "solver.tolerance=1e-6",
                    protocol(f"{{strip: {0.73 * share} mA/cm^2, for: {10 * tau} s}}", f"{{rest: {3 * tau} s}}"))
            steady = series["u_face_mean"][series["step"] == 0][-1]
            limit = 7.3 * share / (1 - steady / part)
            t, u = (series[name][series["step"] == 1] for name in ("time_s", "u_face_mean"))
            late = (t - t[0] > 0.5 * tau) & (t - t[0] < 2 * tau)  # the slowest mode alone, to e^-10
            decay = -np.polyfit(t[late], np.log(1 - u[late] / part), 1)[0]
            found = math.pi ** 2 / 4 / decay
            print(f"{celsius} C, {enthalpy} eV: limit {limit / 10:.4f} mA/cm2, time {found:.3f} s, "
                  f"product {limit * found:.3f} C/m2")
            self.assertLess(nakrun.relative(series["u_face_mean"][0], part), 1e-10)
            jump = 7.3 * share * (150e-4 * T / ROOM / factor(0.30, T) + 100e-4 * T / ROOM / factor(0.40, T))
            self.assertAlmostEqual(series["voltage_V"][0] - jump, nak1d.ocv(nak1d.fraction_na(50), T), delta=1e-9)
            self.assertLess(nakrun.relative(limit, 7.3 * part * factor(0.15, T)), 1e-5)  # ten times the solver's
            self.assertLess(nakrun.relative(found, tau), 1e-3)  # 40 layers: (pi/40)^2 / 12 / 4 and the steps
            self.assertLess(nakrun.relative(limit * found, 54.75 * part), 1e-3)

    def test_diffusion_in_the_liquid(self):
        """From the gradient under a small current.  The energy is that of D*; the thermodynamic
        factor is another one at each temperature."""
        layers, height, current, x = 8, 40e-6, 0.5, nak1d.fraction_na(50)

        def thermodynamic(T):
            h = 1e-5
            return -FARADAY / GAS / T * x * (nak1d.ocv(x + h, T) - nak1d.ocv(x - h, T)) / (2 * h)

        for celsius, printed in ((-10, 5.6e-10), (0, 7.1e-10), (25, 1.2e-9), (60, None)):
            T = kelvin(celsius)
            with Work() as work:
                work.run(*settings(50, celsius, "supercooled"), f"grid.alloy_layers={layers}", "grid.finest_alloy=0 m",
                         protocol(f"{{strip: {current / 10} mA/cm^2, for: 100 s}}"))  # height^2 / D is 1 to 3 s
                c = work.fields()["c"][1].ravel()[-layers:]
            passes = current * (1 - height / layers / (40e-9 / 0.385e-4))  # the lowest layer gives its part of it
            found = passes / FARADAY / ((c[1] - c[0]) / (height / layers))
            law = 1.2e-9 * factor(0.106, T) * thermodynamic(T) / thermodynamic(ROOM)
            print(f"{celsius} C: D of NaK50 {found:.4e} m2/s, law {law:.4e}")
            self.assertLess(nakrun.relative(found, law), 2e-4)
            if printed is not None:
                self.assertAlmostEqual(1e10 * found, 1e10 * printed, delta=0.06)


class Rest(unittest.TestCase):
    def test_entropy(self):
        """dE/dT, to the figures of the formulas and to those printed before."""
        for potassium, printed in ((50, 111.84), (65, 136.72), (80, 180.94)):
            volts = []
            for celsius in (24.5, 25.5):
                with Work() as work:
                    _, series = work.run(*settings(potassium, celsius), protocol("{rest: 1 s}"))
                volts.append(series["voltage_V"][-1])
            x = nak1d.fraction_na(potassium)
            formula = nak1d.ocv(x, kelvin(25.5)) - nak1d.ocv(x, kelvin(24.5))
            found = 1e6 * (volts[1] - volts[0])
            print(f"NaK{potassium}: dE/dT {found:.3f} uV/K, formula {1e6 * formula:.3f}")
            self.assertAlmostEqual(found, 1e6 * formula, delta=1e-3)
            self.assertAlmostEqual(found, printed, delta=0.1)

    def test_a_step_at_rest(self):
        """No charge passes the cell, and V is that of the new temperature after 20 R_ct C."""
        for potassium, celsius in ((50, 0), (50, 60), (65, 0), (80, 0), (80, -7)):
            T, x = kelvin(celsius), nak1d.fraction_na(potassium)
            e, f = nak1d.ocv(x, T), FARADAY / GAS / T
            r = 50e-4 * T / ROOM / factor(0.40, T) / (x / (1 - x) / (0.629723 / 0.370277)) ** 2.35
            layer = 2e-3 + 1.6 * f / (2 + 2 * math.cosh(f * e))
            with Work() as work:
                _, series = work.run(
                    *settings(potassium, 25, "supercooled"),
                    protocol("{rest: 1 s}", f"{{temperature: {celsius} degC}}", f"{{rest: {20 * r * layer} s}}"))
            off = series["voltage_V"][-1] - e
            print(f"NaK{potassium} to {celsius} C: after {20 * r * layer:.2f} s V is off by {1e6 * off:.2f} uV")
            self.assertEqual(np.abs(series["capacity_mAh_cm2"]).max(), 0)
            self.assertLess(abs(off), 1e-5)
            self.assertGreater(abs(series["voltage_V"][0] - e), 1e-3)  # or there would be nothing to see

    def test_there_and_back(self):
        """At rest the cell returns to the state it had, and no Na metal comes of the cold."""
        for potassium, celsius, solids, phases in ((50, 0, "equilibrium", "liquid and Na2K"),
                                                   (50, 0, "supercooled", "liquid"),
                                                   (80, -10, "equilibrium", "liquid and K")):
            with self.subTest(potassium=potassium, solids=solids), Work() as work:
                run, series = work.run(
                    *settings(potassium, 25, solids), "solver.tolerance=1e-5",
                    protocol("{rest: 1 s}", f"{{temperature: {celsius} degC}}", "{rest: 1 h}",
                             "{temperature: 25 degC}", "{rest: 6 h}"))
                fields = work.fields()
            volts, cold = series["voltage_V"], series["voltage_V"][series["step"] == 2][-1]
            expected = nak1d.Cell(potassium=potassium, temperature=kelvin(celsius), solids=solids).alloy(0)[2]
            print(f"NaK{potassium} at {celsius} C ({phases}): {1e3 * volts[0]:.4f}, {1e3 * cold:.4f}, "
                  f"{1e3 * volts[-1]:.4f} mV")
            self.assertLess(abs(cold - expected), 1e-6)
            self.assertLess(abs(volts[-1] - volts[0]), 1e-8)
            self.assertLess(abs(series["reservoir_x"][-1] - series["reservoir_x"][0]), 1e-8)
            self.assertEqual(series["deposit_nm_max"].max(), 0)
            self.assertEqual(np.abs(series["capacity_mAh_cm2"]).max(), 0)
            self.assertLess(run.balance, 1e-12)
            first, last = fields["c"]  # [mol/m3], thousands of them
            self.assertLess(np.abs(last - first).max(), 1e-8 * first.max())
            for name in ("k_film", "deposit", "u_face"):  # NaK80 grows some film until its K has frozen
                self.assertLess(np.abs(fields[name][1] - fields[name][0]).max(), 1e-5, name)

    def test_begun_cold(self):
        """A cell that begins partly solid has as much Na as one that begins warm and is cooled."""
        for potassium, celsius in ((50, 0), (65, -10), (80, -10)):
            with Work() as work:
                run, series = work.run(*settings(potassium, celsius), "solver.tolerance=1e-5",
                                       protocol("{rest: 1 s}", "{temperature: 25 degC}", "{rest: 6 h}"))
            cell = nak1d.Cell(potassium=potassium, temperature=kelvin(celsius))
            warm = nak1d.Cell(potassium=potassium)
            self.assertAlmostEqual(series["voltage_V"][0], cell.alloy(0)[2], delta=1e-8)
            filled = 54.75 * (math.exp(warm.alloy(0)[0]) - math.exp(cell.alloy(0)[0]))  # the interphase, by the alloy
            r = cell.r0 * (1 - filled / cell.q0)
            x = r / (1 + r)
            self.assertAlmostEqual(series["reservoir_x"][-1], x, delta=5e-7)  # which the adlayer, 1.6 C/m2, may change
            self.assertAlmostEqual(series["voltage_V"][-1], nak1d.ocv(x, ROOM), delta=1e-7)
            self.assertEqual(series["deposit_nm_max"].max(), 0)
            self.assertLess(run.balance, 1e-12)
            print(f"NaK{potassium} begun at {celsius} C: x {series['reservoir_x'][-1]:.8f}, {x:.8f}; V off by "
                  f"{1e6 * (series['voltage_V'][-1] - nak1d.ocv(x, ROOM)):.4f} uV")

    def test_no_metal_of_itself(self):
        """The supercooled alloy is 1.2 mV below Na metal, far above the barrier of 18 mV."""
        for solids in ("equilibrium", "supercooled"):
            with Work() as work:
                _, series = work.run(*settings(50, 0, solids), protocol("{rest: 1 h}"))
            self.assertEqual(series["deposit_nm_max"].max(), 0)
            self.assertLess(series["voltage_V"].max(), 2.1e-3)

    def metal(self, solids, top):
        """Metal left of 20 nm after 1 h at rest at 0 C, by the reference; `top`: ratio of the
        liquid.
        """
        start = 20e-9 / 23.8e-6 * FARADAY
        warm, cold = (nak1d.Cell(temperature=kelvin(c), solids=solids, nodes=12) for c in (25, 0))
        if top is not None:
            cold.r_most = cold.r_top = top
        model = nak1d.Model(warm)
        stepper, y, done = nak1d.Stepper(model, 1e-6), model.start(), 0.0
        while y[model.G] < start:
            y, _ = stepper.advance(y, -30.0, 0.02)
            done += 0.02
        state, _ = nak1d.Stepper(nak1d.Model(cold), 1e-6).advance(y, 0.0, 3600.0)
        return state[model.G] / y[model.G]

    def test_metal_at_rest(self):
        """It grows out of the supercooled alloy and dissolves in one that has let its Na freeze.
        The latter is faster in the lean liquid beside Na2K, slowly beside solid Na, whose 1.4 at%
        of K is all that E has."""
        na = nak1d.lines(ZERO)[1]
        cases = (("supercooled", "true", None), ("equilibrium", "true", None), ("equilibrium", "false", na / (1 - na)))
        left = []
        for solids, compounds, top in cases:
            with Work() as work:
                _, series = work.run(
                    *settings(50, 25, solids), f"alloy.compounds={compounds}",
                    protocol("{plate: 3 mA/cm^2, until: deposit > 20 nm}", "{temperature: 0 degC}", "{rest: 1 h}"))
            metal = series["deposit_nm_max"][series["step"] == 2]
            expected = self.metal(solids, top)
            left.append(metal[-1] / metal[0])
            print(f"{solids}, compounds {compounds}: {left[-1]:.4f} of the metal, reference {expected:.4f}")
            self.assertLess(abs(left[-1] - expected), 0.01 * max(1, expected))
        self.assertGreater(left[0], 1.5)
        self.assertLess(left[1], 0.6)
        self.assertTrue(left[1] < left[2] < 1)


class Phases(unittest.TestCase):
    def test_amounts_are_reported(self):
        """`nakfield check` says by the lever rule what the alloy is made of."""
        x, liquid, compound = nak1d.fraction_na(50), nak1d.lines(ZERO)[2], 2 / 3
        share = (compound - x) / (compound - liquid)
        with Work() as work:
            said = work.call("check", *settings(50, 0)).demand(nakrun.DONE, "partly solid")
        found = [float(n) for n in re.search(r"partly solid: ([\d.]+) % liquid \(([\d.]+) at% Na\), "
                                             r"([\d.]+) % Na2K", said.out + said.err).groups()]
        np.testing.assert_allclose(found, [100 * share, 100 * liquid, 100 * (1 - share)], atol=0.06)  # its digits


class Thresholds(unittest.TestCase):
    """Staircases of 0.005 mA/cm2 in 40 s.  The bend: overpotential beyond the ohmic drop above 0.1
    V.
    """
    STEP, HIGH = 0.005, 0.5

    def reference(self, cell, last):
        cell.voltage_max = self.HIGH
        levels = nak1d.staircase(self.STEP, last, self.STEP, 40)
        end = nak1d.run_steps(cell, [(10 * i, t) for i, t in levels], method="extrapolation", rtol=1e-4)
        return np.array([(s["current"] / 10, s["voltage"]) for s in end["steps"]]).T

    def program(self, overrides, last):
        stairs = (f"{{staircase: {{from: {self.STEP} mA/cm^2, to: {last} mA/cm^2, step: {self.STEP} mA/cm^2, "
                  f"hold: 40 s}}, until: voltage > {self.HIGH} V}}")
        with Work() as work:
            run, _ = work.run(*overrides, protocol(stairs))
        self.assertLess(run.balance, 1e-10)
        return np.array([(s["current_mA_cm2"], s["voltage_V"]) for s in run.summary["steps"]]).T

    @staticmethod
    def bend(cell, current, volts):
        over = volts - 10 * current * cell.ohm - cell.alloy(0)[2]
        return current[np.argmax(over > 0.1)]

    def pair(self, potassium, celsius, solids, last):
        """The bend, by the program and by the reference; V of both is compared level by level."""
        cell = nak1d.Cell(potassium=potassium, temperature=kelvin(celsius), solids=solids, nodes=12)
        i, other = self.reference(cell, last)
        current, volts = self.program(settings(potassium, celsius, solids), last)
        bends = self.bend(cell, current, volts), self.bend(cell, i, other)
        both = min(len(volts), len(other)) - 1  # the last was cut short
        off = np.abs(volts[:both] / other[:both] - 1).max()
        print(f"NaK{potassium} {celsius} C {solids}: {bends[0]:.3f}, reference {bends[1]:.3f} mA/cm2; "
              f"V within {off:.2%}")
        self.assertLessEqual(abs(len(volts) - len(other)), 1)
        self.assertLessEqual(abs(bends[0] - bends[1]), 1.001 * self.STEP)
        self.assertLess(off, 0.005)
        return bends[0]

    def test_they_fall_in_the_cold(self):
        celsius = (60, 40, 25, 15, 0, -10)
        for potassium, last in ((50, 1.4), (65, 0.5), (80, 0.2)):
            with self.subTest(potassium=potassium):
                found = {c: self.pair(potassium, c, "equilibrium", last) for c in celsius}
                values = list(found.values())
                self.assertEqual(values, sorted(set(values), reverse=True))
                apparent = math.log(found[60] / found[15]) / EV / (1 / kelvin(15) - 1 / kelvin(60))
                print(f"NaK{potassium}: {apparent:.3f} eV apparent from 15 to 60 C")
                # between that of the diffusion put in and that of the second path, plus half a step
                self.assertTrue(0.15 < apparent < 0.40, apparent)

    def test_solids_count_for_more_than_rates(self):
        for potassium, last in ((50, 0.6), (65, 0.3)):
            for celsius in (0, -10):
                kept = self.pair(potassium, celsius, "supercooled", last)
                frozen = self.pair(potassium, celsius, "equilibrium", last)
                self.assertGreater(kept, frozen)
                if potassium == 50:
                    self.assertGreater(kept, 5 * frozen)


class Spectra(unittest.TestCase):
    COLD = kelvin(0)

    @staticmethod
    def formula(p, omega):
        """Grains, grain boundaries, capacitor beside charge transfer and diffusion under a constant
        top.
        """
        grains, boundaries, other, transfer, layer, diffusion, tau = np.exp(p)
        root = np.sqrt(1j * omega * tau)
        face = transfer + diffusion * np.tanh(root) / root
        return grains + boundaries / (1 + 1j * omega * other) + 1 / (1j * omega * layer + 1 / face)

    def elements(self, celsius):
        """The elements of a circuit that the spectrum of an ideal cell is fitted by."""
        with Work() as work:
            f, z = work.spectrum(*IDEAL, f"alloy.temperature={celsius} degC", "grid.interphase_layers=200",
                                 "impedance.frequency_min=1 mHz", "impedance.frequency_max=70 MHz",
                                 "kinetics.double_layer=2 uF/cm^2")
        omega = 2 * math.pi * f

        def off(p):
            ratio = self.formula(p, omega) / z - 1
            return np.concatenate([ratio.real, ratio.imag])

        start = np.log([0.015, 0.01, 1e-6, 0.005, 2e-2, 1e-3, 7.5])
        fit = least_squares(off, start, xtol=1e-14, ftol=1e-14, gtol=1e-14)
        self.assertLess(np.abs(fit.fun).max(), 1e-3)
        return np.exp(fit.x)

    def test_elements(self):
        warm, cold = self.elements(25), self.elements(0)
        ratio = cold / warm
        T = self.COLD
        slope = [-c.equilibrium(0.0)[1] for c in (nak1d.Cell(), nak1d.Cell(temperature=T))]  # dE/d ln u
        law = [T / ROOM / factor(0.30, T), T / ROOM / factor(0.40, T), T / ROOM / factor(0.40, T),
               T / ROOM / factor(0.40, T), 1.0, slope[1] / slope[0] / factor(0.15, T), 1 / factor(0.15, T)]
        names = ("grains", "grain boundaries", "their time", "R_ct", "C", "R_diffusion", "tau")
        for name, a, b, r, expected in zip(names, warm, cold, ratio, law):
            print(f"{name}: {a:.5g}, cold {b:.5g}, ratio {r:.4f}, law {expected:.4f}")
            self.assertLess(nakrun.relative(r, expected), 2e-3, name)  # the fits are good to 1e-3
        np.testing.assert_allclose(ratio[[0, 1, 3]], [2.67, 3.81, 3.81], atol=0.01)  # as printed
        np.testing.assert_allclose([warm[6], cold[6]], [7.5, 12.8], rtol=5e-3)

    def test_against_the_reference(self):
        """The cell of the defaults, adlayer and second path too, at 0 C and at 45 C."""
        for celsius, solids in ((0, "supercooled"), (0, "equilibrium"), (25, "equilibrium"), (45, "equilibrium")):
            cell = nak1d.Cell(temperature=kelvin(celsius), solids=solids)
            with Work() as work:
                f, z = work.spectrum(*settings(50, celsius, solids), "impedance.grain_boundary_capacitance=0 F/m^2")
            cell.r_boundaries = 0.0  # in `ohm` with the rest
            other = nak1d.spectrum(cell, nak1d.Model(cell).start(), f, 0.0)
            off = np.abs(z / other - 1).max()
            print(f"spectrum at {celsius} C, {solids}: within {off:.2%} of the reference")
            self.assertLess(off, 1e-3)


class Ramps(unittest.TestCase):
    def ramp(self, potassium, solids, *overrides):
        """To 0 C in 10 h and 10 min more: so slowly that capacitor and interphase follow within 3
        uV.
        """
        item = "{rest: 610 min, temperature: {to: 0 degC, for: 600 min}}"
        with Work() as work:
            run, series = work.run(*settings(potassium, 25, solids), *overrides, protocol(item))
        self.assertLess(run.balance, 1e-10)
        self.assertEqual(np.abs(series["capacity_mAh_cm2"]).max(), 0)
        return series

    def test_at_rest(self):
        """The liquid stays one: V is that of the temperature in the middle of each step, and so
        within 10 uV.
        """
        for potassium, solids in ((50, "supercooled"), (80, "equilibrium")):
            for overrides in ((), ("solver.tolerance=1e-2",)):  # steps bound by their error, and by 0.1 K
                series = self.ramp(potassium, solids, *overrides)
                T, x = series["temperature_K"], nak1d.fraction_na(potassium)
                middle = (T[1:] + T[:-1]) / 2
                off = series["voltage_V"][1:] - [nak1d.ocv(x, t) for t in middle]
                settled = series["time_s"][1:] > 600  # the first steps are shorter than R_ct C
                late = 1e6 * np.abs(series["voltage_V"] - [nak1d.ocv(x, t) for t in T]).max()
                print(f"NaK{potassium} {solids} {overrides}: {len(T)} rows, {np.abs(np.diff(T)).max():.3f} K at most; V within "
                      f"{1e6 * np.abs(off[settled]).max():.2f} uV at the middle, {late:.1f} uV at the end of steps")
                self.assertLessEqual(np.abs(np.diff(T)).max(), 0.1)
                self.assertLess(late, 10)  # [uV]
                self.assertLess(np.abs(off[settled]).max(), 5e-6)
                end = abs(series["voltage_V"][-1] - nak1d.ocv(x, kelvin(0)))
                print(f"and {1e6 * end:.3f} uV at the end of all")
                self.assertLess(end, 2e-6)  # a tolerance of 1e-2 is 257 uV; most of it has decayed

    def test_half_the_bound(self):
        """With steps of 0.1 K V is that of single runs within 10 uV, and half of that changes it by
        less.
        """
        for potassium, solids in ((50, "supercooled"), (80, "equilibrium")):
            x = nak1d.fraction_na(potassium)
            bounds = [self.ramp(potassium, solids, "solver.tolerance=1e-2", f"solver.longest_step={s} s") for s in (144, 72)]
            for series in bounds:
                off = np.abs(series["voltage_V"] - [nak1d.ocv(x, t) for t in series["temperature_K"]])
                self.assertLess(off.max(), 1e-5)
            self.assertLess(np.abs(np.diff(bounds[0]["temperature_K"])).max(), 0.101)
            times = np.linspace(0, 36600, 500)
            a, b = (np.interp(times, series["time_s"], series["voltage_V"]) for series in bounds)
            print(f"NaK{potassium}: half the steps change V by {1e6 * np.abs(a - b).max():.2f} uV")
            self.assertLess(np.abs(a - b).max(), 1e-5)

    def test_with_solids(self):
        """NaK50 and NaK65 past their kinks: V is flat beside Na and rises beside Na2K."""
        for potassium in (50, 65):
            series = self.ramp(potassium, "equilibrium")
            for celsius in (20, 13, 9, 5, 2, 0.5):
                T = kelvin(celsius)
                volts = np.interp(-T, -series["temperature_K"], series["voltage_V"])
                single = nak1d.Cell(potassium=potassium, temperature=T, nodes=4).alloy(0)[2]
                self.assertLess(abs(volts - single), 1e-5, celsius)
            print(f"NaK{potassium} to 0 C in 10 h: {len(series['time_s'])} rows")

    def test_under_current(self):
        """The reference in pieces of one temperature each, first order in their number, and
        extrapolated.
        """
        def reference(pieces):
            cell, y = nak1d.Cell(solids="supercooled", nodes=12), None
            for k in range(pieces):
                cell.temperature = T = 298.15 - 15 * (k + 0.5) / pieces
                cell.f = FARADAY / GAS / T
                cell.apply_temperature(T)
                model = nak1d.Model(cell)
                y = model.start() if y is None else y
                y, _ = nak1d.Stepper(model, 1e-4).advance(y, 2.0, 600 / pieces)
                if k + 1 in (pieces // 2, pieces):
                    yield model.voltage(y, 2.0)

        few, many = (np.array(list(reference(n))) for n in (60, 120))
        item = "{strip: 0.2 mA/cm^2, for: 10 min, temperature: {to: 10 degC, for: 10 min}}"
        with Work() as work:
            _, series = work.run(*settings(50, 25, "supercooled"), protocol(item))
        found = np.interp([300, 600], series["time_s"], series["voltage_V"])
        print("ramp under current:", found, "V, reference", 2 * many - few)
        np.testing.assert_allclose(found, 2 * many - few, rtol=1e-3)

    def test_a_restart_within(self):
        """To the bit, from checkpoints all along a ramp."""
        items = protocol("{strip: 0.1 mA/cm^2, for: 2 s}",
                         "{strip: 0.05 mA/cm^2, for: 40 s, temperature: {to: 5 degC, for: 30 s}}")
        for ranks in (1, 2):
            with self.subTest(ranks=ranks), torture.Folder() as folder:
                folder.columns = tuple(word for word in torture.COLUMNS if not word.startswith("protocol"))
                folder.new("whole", items, "checkpoint.keep=1000", ranks=ranks).demand(nakrun.DONE)
                whole, place = folder.path / "whole", folder.path / "run"
                reference, points = torture.fingerprint(whole), torture.checkpoints(whole)
                kept = nakrun.Run(whole, None).series["temperature_K"]
                self.assertLess(sum(T in (ROOM, 278.15) for T in kept), 0.4 * len(kept))  # so the cuts are on the ramp
                for share in (0.5, 0.8) if ranks == 1 else (0.6,):
                    shutil.copytree(whole, place)
                    (place / "summary.json").unlink()
                    for path in torture.checkpoints(place)[int(share * len(points)):]:
                        path.unlink()
                    said = folder.again("run", "checkpoint.steps=100", ranks=ranks).demand(nakrun.DONE)
                    self.assertNotIn("starts from the beginning", said.out + said.err)
                    self.assertEqual(torture.differences(place, reference), [])
                    shutil.rmtree(place)


class Balances(unittest.TestCase):
    @staticmethod
    def items(warm):
        """Currents both ways and rests; where `warm`, at -10, 60 and 25 C with ramps between."""
        for celsius, to in ((-10, -5), (60, 55), (25, 25)):
            if warm:
                yield f"{{temperature: {celsius} degC}}"
            yield "{strip: 0.01 mA/cm^2, for: 100 s}"
            yield "{rest: 100 s" + (f", temperature: {{to: {to} degC, for: 50 s}}" if warm else "") + "}"
            yield "{plate: 1 mA/cm^2, for: 5 s}"
            yield "{strip: 0.7 mA/cm^2, for: 60 s, until: voltage > 2 V}"

    def test_through_all_temperatures(self):
        for potassium in (50, 65, 80):
            for solids in ("equilibrium", "supercooled"):
                found = []
                for warm in (False, True):
                    with Work() as work:
                        run, series = work.run(*settings(potassium, 25, solids), protocol(*self.items(warm)))
                    found.append(run.balance)
                print(f"NaK{potassium} {solids}: balances {found[0]:.1e} at 25 C, {found[1]:.1e} through all")
                self.assertGreater(series["deposit_nm_max"].max(), 1)  # film and metal are in them
                self.assertGreater(series["k_film_fraction"].max(), 1e-5)
                self.assertLess(max(found), 1e-13)  # rounding of 1000 steps, in both


class Errors(unittest.TestCase):
    def check(self, message, *overrides):
        with Work() as work:
            work.call("check", *overrides).demand(nakrun.INPUT, message)

    def test_temperatures(self):
        for item in ("{temperature: %s}", "{rest: 1 s, temperature: %s}", "{rest: 2 h, temperature: {to: %s, for: 1 h}}"):
            for text, message in (("239 K", "240 K to 420 K, that is -33.15 degC"), ("421 K", "240 K to 420 K"),
                                  ("-34 degC", "240 K to 420 K"), ("25", "needs a unit"), ("25 mV", "wrong dimension"),
                                  ("-13 degC", r"all solid.*ask for 260.53\d K \(-12.62 degC\) or more")):
                self.check(message, protocol("{rest: 1 s}", item % text))
        self.check("alloy.temperature is 500 K: .* between 240 K and 420 K", "alloy.temperature=500 K")
        self.check("no liquid NaK is stable there; raise it", "alloy.temperature=-13 degC")

    def test_energies(self):
        for name in ENERGIES:
            self.check(f"{name} is 30 kJ/mol: .* eV", f"{name}=30 kJ/mol")
            self.check(f"{name} is -0.1 eV: .* between 0 eV and 2 eV", f"{name}=-0.1 eV")
            self.check(f"{name} is 0.3: .* unit", f"{name}=0.3")
        self.check("interphase.partition_enthalpy is 2 eV: .* between -1 eV and 1 eV", "interphase.partition_enthalpy=2 eV")


if __name__ == "__main__":
    unittest.main(verbosity=2)
