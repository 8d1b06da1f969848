#!/usr/bin/env python3
"""Grains of solid K and Na in the alloy of a cell, against closed forms, the lever rule and sharp
caps.

Phase equilibria are those of the reference solution (tests/reference), which shares no code with
the program. Cells have a thin and fast interphase and neither film nor adlayer, so that only the
alloy counts.  2D cells start with a liquid that is just beyond the liquidus of K, under which the
site in the middle of the face begins at once.
"""
import functools
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np
from scipy.optimize import brentq

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reference"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "torture"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import nak1d  # noqa: E402
import nakrun  # noqa: E402
import torture  # noqa: E402
from nak1d import FARADAY, MAH_CM2  # noqa: E402
from test_impedance import columns, from_step, impedance  # noqa: E402

ROOM, COLD = 298.15, 273.15  # [K]
SOLID_NA, SOLID_K = 23.8e-6, 45.5e-6  # molar volumes [m3/mol], as in materials/NaK.yaml
TENSION = 9.7e-3  # of solid K and liquid [J/m2], from there
AREA = 0.385e-4  # of the cell [m2]
WIDTH = 8e-6  # of a 2D cell [m]
STEP = 0.01  # of the current after a spectrum [mA/cm2]

FACE = """interphase: {limiting_current: 1 A/cm^2, diffusion_time: 1 ms, film_rate: 0 1/s}
kinetics: {charge_transfer_resistance: 0.01 ohm.cm^2, adlayer_charge: 0 C/m^2, deposit_barrier: 1 V}
"""
LINE = FACE + "grid: {nx: 1, electrolyte_layers: 0}\n"
# An alloy 100 um high, of which the lowest 20 um are resolved, and phases up to 5 um.
PLANE = FACE + """electrolyte: {thickness: 20 um}
grid: {nx: 32, width: 8 um, lateral: symmetric, alloy_height: 20 um, alloy_layers: 8, finest_alloy: 0 m,
       electrolyte_layers: 6, finest_electrolyte: 0.5 um, interphase_layers: 2}
microstructure: {grains_b: 1, height: 5 um}
nuclei: {radius: 1 um}
alloy: {potassium: 91.1 wt%, compounds: false, volume: 3.85e-9 m^3}
"""
CAP = PLANE + """protocol:
  - {strip: 0.1 mA/cm^2, for: 1 h, until: wetted < LEAST}
  - {rest: 100 s}
output: {fields: {every: 20 s}}
checkpoint: {steps: 20, keep: 1000}
"""
SHARE = PLANE + """protocol:
  - {rest: 100 s}
  - {strip: 0.1 mA/cm^2, for: 60 s}
"""
RUNS = PLANE + """protocol:
  - {strip: 0.1 mA/cm^2, for: 3 s}
  - {rest: 1 s}
output: {fields: {every: 1 s}}
"""
COARSE = ("microstructure.interface_width=2 um", "grid.width=16 um", "microstructure.height=8 um", "nuclei.radius=2 um")
TWO = ("alloy.potassium=91.15 wt%", "grid.nx=24", "grid.width=6 um", "microstructure.height=5 um",
       "grid.alloy_height=10 um", "nuclei.count=2", "nuclei.radius=0.8 um")


# ---- Equilibria ----


def ratio(x):
    return x / (1 - x)


def equilibrium(T, gain=0.0):
    """Mole fractions of liquid and solid K at one potential of Na, where the solid is better off by
    `gain` [J/m3] of solid K: tension over radius under a cylinder."""
    def solid(x):
        return brentq(lambda s: nak1d.solid(s, T)[0] - nak1d.liquid(x, T)[0], 1e-6, 0.2)

    x = brentq(lambda x: nak1d.liquid(x, T)[1] - nak1d.solid(solid(x), T)[1] - gain * SOLID_K, 0.02, 0.5)
    return x, solid(x)


class Amounts:
    """Na and K of the alloy of a 2D cell over its run [mol/m2], and the solid that the lever rule
    gives.
    """

    def __init__(self, run, potassium, volume, width=WIDTH):
        x = nak1d.fraction_na(potassium)
        molar = x * nak1d.V_NA + (1 - x) * nak1d.V_K + x * (1 - x) * nak1d.V_EXCESS
        self.k = (1 - x) * volume / AREA / molar
        self.na = self.k * ratio(x) - np.array(run.series["capacity_mAh_cm2"]) * MAH_CM2 / FARADAY
        self.solid = np.array(run.series["solid_b_um"]) / 1e6 / SOLID_K
        self.radius = np.sqrt(2 * self.solid * SOLID_K * width / np.pi)  # of half a disc

    def lever(self, row, curved=True):
        """Solid K of one row of the series, flat or under the curvature of half a disc."""
        liquid, solid = map(ratio, equilibrium(ROOM, TENSION / self.radius[row] if curved else 0.0))
        return (self.na[row] - liquid * self.k) / (solid - liquid)


# ---- Caps ----


def cap(angle):
    """Area of a cap over the square of half its base."""
    return (angle - np.sin(angle) * np.cos(angle)) / np.sin(angle) ** 2


@functools.lru_cache(None)
def grow(interface, angle, least, current=0.1):
    """A grain in the middle of the face under a current [mA/cm2], until `least` of it is wetted;
    then rest.  Kept for all tests."""
    folder = Path(tempfile.mkdtemp(prefix="grains-"))
    unittest.addModuleCleanup(shutil.rmtree, folder, ignore_errors=True)
    return nakrun.run(CAP.replace("LEAST", str(least)), f"microstructure.interface_width={interface} um",
                      f"grid.nx={round(32 / interface)}", f"microstructure.angle_b={angle} degree",
                      f"protocol.0.strip={current} mA/cm^2", folder=folder)


def covered(run):
    return 1 - np.array(run.series["wetted_fraction"]), np.array(run.series["solid_b_um"]) * 1e-6 * WIDTH


def contact_angle(run, row):
    """Of a cap with the area and the base of the grain [degree]."""
    cover, area = covered(run)
    shape = area[row] / (cover[row] * WIDTH / 2) ** 2
    return np.degrees(brentq(lambda angle: cap(angle) - shape, 0.1, 3.0))


class Onset(unittest.TestCase):
    """The charge at which the alloy over the face is at a liquidus, against the lever rule of K and
    of Na.  The current is so small that r is the same all over; the interphase holds 3e-4
    mAh/cm2."""

    @staticmethod
    def charge(potassium, T, event, item):
        run = nakrun.run(LINE + f"""alloy: {{potassium: {potassium} wt%, temperature: {T} K, compounds: false}}
microstructure: {{grains_a: 1, grains_b: 1, height: 8 um}}
protocol: [{{{item}: 0.01 mA/cm^2, for: 1e5 h, until: beyond_{event} > 0}}]
""", "grid.alloy_height=9 um")
        found = [e["capacity_mAh_cm2"] for e in run.summary["events"] if e["event"] == event]
        return found[0]

    def test_potassium(self):
        for T in (ROOM, COLD):
            for potassium in (50, 65, 80):
                cell = nak1d.Cell(potassium=potassium, temperature=T)
                expected = cell.q0 / MAH_CM2 * (1 - ratio(nak1d.liquidus(T, (0.14, 0.03))) / cell.r0)
                found = self.charge(potassium, T, "liquidus_b", "strip")
                with self.subTest(potassium=potassium, T=T):
                    print(f"NaK{potassium} at {T} K: solid K from {found:.4f} mAh/cm2 on, lever rule {expected:.4f} "
                          f"({found / expected - 1:+.1e})")
                    self.assertLess(abs(found / expected - 1), 1e-3)

    def test_sodium(self):
        cell = nak1d.Cell()
        expected = cell.q0 / MAH_CM2 * (ratio(nak1d.liquidus(ROOM, (0.70, 0.985))) / cell.r0 - 1)
        found = -self.charge(50, ROOM, "liquidus_a", "plate")
        print(f"NaK50: Na metal from {found:.4f} mAh/cm2 of plating on, lever rule {expected:.4f}")
        self.assertLess(abs(found / expected - 1), 1e-3)


class Sodium(unittest.TestCase):
    def test_front(self):
        """All Na that is plated beyond the liquidus becomes metal: a flat layer grows by its molar
        volume, once the alloy above has come to the liquidus too."""
        expected = SOLID_NA * MAH_CM2 / FARADAY * 1e6
        for current in (1, 10):
            run = nakrun.run(LINE + f"""alloy: {{potassium: 50 wt%, compounds: false}}
microstructure: {{grains_a: 1, height: 12 um}}
nuclei: {{solid: a}}
protocol: [{{plate: {current} mA/cm^2, for: {82000 / current} s}}]
""", "grid.alloy_height=20 um", "kinetics.filament_onset=100 mAh/cm^2")  # no short
            charge, metal = -np.array(run.series["capacity_mAh_cm2"]), np.array(run.series["solid_a_um"])
            grows = metal > 5
            slope = np.polyfit(charge[grows], metal[grows], 1)[0]
            print(f"Na metal at {current} mA/cm2: {slope:.4f} um per mAh/cm2 up to {metal[-1]:.2f} um, "
                  f"molar volume {expected:.4f}; deposit {run.series['deposit_nm_max'][-1]:.1e} nm")
            self.assertGreater(metal[-1], 8)
            self.assertLess(abs(slope / expected - 1), 1e-3)
            self.assertLess(run.balance, 1e-10)


class Potassium(unittest.TestCase):
    def test_lever_rule(self):
        """Supercooled liquid that freezes at rest and is then stripped slowly.  Under a flat solid
        the rule gives 1 % more than there is; under the curvature of half a disc (Gibbs and
        Thomson) it holds."""
        run = nakrun.run(SHARE, *COARSE, "alloy.potassium=91.45 wt%", "alloy.volume=1.0395e-9 m^3")
        amounts, time = Amounts(run, 91.45, 1.0395e-9, 2 * WIDTH), np.array(run.series["time_s"])
        for at in (90, 130, 160):
            row = min(np.searchsorted(time, at), len(time) - 1)
            flat, curved = amounts.lever(row, curved=False), amounts.lever(row)
            found = amounts.solid[row]
            print(f"{time[row]:.0f} s: {found / amounts.k:.4f} of the K is solid, radius "
                  f"{amounts.radius[row] * 1e6:.2f} um; over the lever rule {found / flat:.5f} (flat), "
                  f"{found / curved:.5f} (curved)")
            self.assertGreater(found / amounts.k, 0.04)
            self.assertLess(abs(found / curved - 1), 5e-3)

    def test_half_disc(self):
        """Cover against that of a sharp half disc of the same area, at two currents and widths of
        the interface.
        """
        for current, interface in ((0.1, 1), (0.1, 0.5), (1, 1), (1, 0.5)):
            cover, area = covered(grow(interface, 90, 0.35, current))
            sharp = 2 * np.sqrt(2 * area / np.pi) / WIDTH
            there = (cover > 0.3) & (cover < 0.6) & (sharp > 0.3)  # not while the nucleus finds its shape
            errors = cover[there] / sharp[there] - 1
            print(f"half disc, {current} mA/cm2, {interface} um: cover from {errors.min():+.2%} to {errors.max():+.2%} of the sharp one")
            self.assertGreater(there.sum(), 20)
            self.assertLess(np.abs(errors).max(), 0.015)

    def test_contact_angle(self):
        """Of 60 degrees, by area and base; what is missing is of first order in the width of the
        interface.
        """
        found = [contact_angle(grow(interface, 60, 0.35), -1) for interface in (1, 0.5)]
        limit = 2 * found[1] - found[0]
        print(f"contact angle 60: {found[0]:.2f} and {found[1]:.2f} degrees, extrapolated {limit:.2f}")
        self.assertLess(abs(found[1] - 60), 3)
        self.assertLess(abs(limit - 60), 1.5)

    def test_rest(self):
        """After a rest voltage, share of solid and cover are those of a half disc at equilibrium.
        """
        for interface in (1, 0.5):
            run = grow(interface, 90, 0.35)
            amounts = Amounts(run, 91.1, 3.85e-9)
            found, curved = amounts.solid[-1], amounts.lever(-1)
            flat = nak1d.ocv(equilibrium(ROOM)[0], ROOM)
            expected = nak1d.ocv(equilibrium(ROOM, TENSION / amounts.radius[-1])[0], ROOM)
            voltage = run.series["voltage_V"][-1]
            shift = (voltage - flat) / (expected - flat)
            print(f"at rest, {interface} um: solid over the lever rule {found / curved:.5f}; "
                  f"{1e6 * (voltage - flat):.2f} uV over a flat one, Gibbs and Thomson {1e6 * (expected - flat):.2f}; "
                  f"angle {contact_angle(run, -1):.2f}")
            self.assertLess(abs(found / curved - 1), 5e-3)
            self.assertLess(abs(shift - 1), 0.02)
            self.assertLess(abs(contact_angle(run, -1) - 90), 1)

    def test_a_nucleus_that_cannot_stay(self):
        """A disc of 1 um in 4 um of width holds more K than the alloy above can keep solid under
        its curvature.  So no grain begins, where it would dissolve and begin again for ever; at
        rest nothing changes."""
        deck = PLANE + "protocol: [{strip: 0.1 mA/cm^2, for: 10 s}, {rest: 100 s}]\n"
        series = nakrun.run(deck, "grid.nx=16", "grid.width=4 um").series
        late = np.array(series["solid_b_um"])[np.array(series["time_s"]) > 60]
        print(f"at rest: solid K from {late.min():.4f} to {late.max():.4f} um")
        self.assertLess(np.ptp(late), 1e-3)

    def test_bounds_and_balances(self):
        """Order parameters of all checkpoints and shares of all frames.  Where the order parameters
        are in a column is found from the frames: the share is P of them."""
        for interface, angle in ((1, 90), (0.5, 90), (1, 60), (0.5, 60)):
            run = grow(interface, angle, 0.35)
            with h5py.File(run.folder / "fields.h5") as file:
                frames = {frame.attrs["time"]: {name: frame[name][:, 0, :].T for name in ("solid_b", "c")}
                          for frame in file["frames"].values()}
            states = []
            for path in sorted((run.folder / "checkpoint").glob("*.h5")):
                with h5py.File(path) as file:
                    states.append(file["stepper/U"][0, 0])
            share = frames[max(frames)]["solid_b"]
            first = np.argmax(share.max(axis=0) > 0)  # layer over the interphase
            zone = round(5 / (0.25 * interface))
            share = share[:, first:first + zone]
            phi = next(slice(k, k + 2 * zone, 2) for k in range(states[-1].shape[1] - 2 * zone)
                       if np.abs(weight(states[-1][:, k:k + 2 * zone:2]) - share).max() < 0.1)
            low, high = (f([f(state[:, phi]) for state in states]) for f in (np.min, np.max))
            low_r = min(frame["c"][:, first:].min() / frame["c"].max() for frame in frames.values())
            print(f"{interface} um, {angle} degrees: phi from {low:.1e} to 1 {high - 1:+.1e} in {len(states)} states, "
                  f"least c {low_r:.1e}, balances {run.summary['balance']}")
            self.assertGreater(len(states), 5)
            self.assertGreater(low, -1e-3)
            self.assertLess(high, 1 + 1e-3)
            self.assertGreater(low_r, -1e-3)
            self.assertLess(run.balance, 1e-10)


def weight(phi):
    """Share of a phase beside one other."""
    def p(f):
        f = np.maximum(f, 0)
        return f ** 3 * (10 - 15 * f + 6 * f ** 2)
    return p(phi) / (p(phi) + p(1 - phi))


FILM = """alloy: {potassium: 91.1 wt%, volume: 8 mm^3}
interphase: {limiting_current: 1 A/cm^2, diffusion_time: 10 ms, film_nuclei: 5e11 1/m^2, film_width: 1 um}
grid: {nx: 64, width: 16 um, alloy_height: 40 um, alloy_layers: 10}
microstructure: {grains_b: 1, height: 6 um}
nuclei: {count: 0}
protocol: [{strip: 0.2 mA/cm^2, for: 20 min, until: wetted < 0.7}]
"""


class Runs(unittest.TestCase):
    """Grains on two sites, of which one feeds on the other."""

    @staticmethod
    def fields(folder):
        with h5py.File(Path(folder) / "run" / "fields.h5") as file:
            return [{name: data[()] for name, data in frame.items()} for frame in file["frames"].values()]

    def run_on(self, ranks, *settings):
        with tempfile.TemporaryDirectory() as folder:
            run = nakrun.run(RUNS, *TWO, *settings, ranks=ranks, folder=folder)
            return run, self.fields(folder), (run.folder / "timeseries.csv").read_bytes()

    def test_absent_grain(self):
        """A second order parameter whose grain never begins costs no steps."""
        steps = [self.run_on(1, "nuclei.count=1", f"microstructure.grains_b={n}")[0].summary["time_steps"]
                 for n in (1, 2)]
        print(f"one site, one and two order parameters: {steps[0]} and {steps[1]} steps")
        self.assertLess(steps[1], 1.1 * steps[0])

    def test_ranks(self):
        for integrator, bound in (("rosenbrock", 1e-11), ("bdf", 1e-8)):  # Newton's method stops at a part of the tolerance
            with self.subTest(integrator=integrator):
                self.ranks_agree(bound, f"solver.integrator={integrator}")

    def ranks_agree(self, bound, *settings):
        two = ("solver.linear_tolerance=1e-14", "microstructure.grains_b=2", *settings)
        alone, fields, _ = self.run_on(1, *two)
        for ranks in (2, 3):
            other, theirs, _ = self.run_on(ranks, *two)
            self.assertEqual(other.summary["ranks"], ranks)
            self.assertEqual(other.summary["time_steps"], alone.summary["time_steps"])
            apart = {name: max(np.abs(a[name] - b[name]).max() for a, b in zip(fields, theirs))
                     / max(max(np.abs(a[name]).max() for a in fields), 1e-30)
                     for name in ("c", "solid_b", "wetted", "potential", "phi_e", "u_face", "current")}
            print(f"{ranks} ranks: " + ", ".join(f"{name} {d:.1e}" for name, d in apart.items()))
            self.assertEqual(len(fields), len(theirs))
            self.assertGreater(other.series["solid_b_um"][-1], 0.1)
            self.assertLess(max(apart.values()), bound)

    def test_twice(self):
        (_, mine, table), (_, theirs, again) = (self.run_on(1) for _ in range(2))
        self.assertEqual(table, again)
        for a, b in zip(mine, theirs):
            for name in a:
                np.testing.assert_array_equal(a[name], b[name], name)

    def test_restart(self):
        """To the last bit, from checkpoints before and after the nuclei and in the middle of
        growth.
        """
        self.go_on(RUNS, (*TWO, "checkpoint.keep=1000", "checkpoint.steps=5"), (0, 0.3, 0.7))

    def test_restart_on_film(self):
        """The same where the film of K is the seed, and there is no site."""
        self.go_on(FILM, ("checkpoint.keep=1000", "checkpoint.steps=15"), (0.5, 0.9))

    def go_on(self, deck, settings, shares):
        with torture.Folder(deck=deck) as folder:
            folder.new("whole", *settings).demand(nakrun.DONE)
            points = torture.checkpoints(folder.path / "whole")
            reference = torture.fingerprint(folder.path / "whole")
            place = folder.path / "run"
            self.assertGreater(len(points), 10)
            for share in shares:
                shutil.rmtree(place, ignore_errors=True)
                shutil.copytree(folder.path / "whole", place)
                (place / "summary.json").unlink()
                for path in torture.checkpoints(place):
                    if path.name > points[int(share * len(points))].name:
                        path.unlink()
                folder.again("run").demand(nakrun.DONE)
                self.assertEqual(torture.differences(place, reference), [])
            print(f"restarts from {len(shares)} of {len(points)} checkpoints: to the bit")


class Spectrum(unittest.TestCase):
    """Of a cell with a grain at rest."""

    @classmethod
    def setUpClass(cls):
        deck = PLANE + f"""protocol:
  - {{strip: 0.1 mA/cm^2, for: 1 h, until: wetted < 0.5}}
  - {{rest: 100 s}}
  - impedance:
  - {{strip: {STEP} mA/cm^2, for: 20 s}}
impedance: {{frequency_max: 1 kHz, frequency_min: 1e-4 Hz, per_decade: 1}}
solver: {{tolerance: 1e-5}}
"""
        with tempfile.TemporaryDirectory() as folder:
            cls.run_ = nakrun.run(deck, "electrolyte.grain_boundary_resistivity=0 ohm.m", folder=folder)
            cls.frequency, cls.z = impedance(columns(cls.run_.folder / "impedance.csv"))

    def test_step(self):
        """Against the answer of the non-linear solver to a small step of current."""
        series = {name: np.array(values) for name, values in self.run_.series.items()}
        probe = self.frequency > 0.1
        stepped, _ = from_step(series, 3, STEP, self.frequency[probe])
        errors = np.abs(stepped / self.z[probe] - 1)
        print("spectrum and step: " + ", ".join(f"{f:.3g} Hz {e:.3%}" for f, e in zip(self.frequency[probe], errors)))
        self.assertGreaterEqual(probe.sum(), 4)
        self.assertLess(errors.max(), 2e-3)

    def test_lowest_frequency(self):
        """Where diffusion is over the voltage is that of half a disc by the lever rule, whose
        curvature falls when it grows: the reactance is that of a negative capacitance.  The diffuse
        disc is 2 radii to the width."""
        amounts = Amounts(self.run_, 91.1, 3.85e-9)
        row = self.run_.series["step"].index(3) - 1

        def voltage(charge):
            na = amounts.na[row] - charge / FARADAY

            def excess(radius):
                liquid, solid = map(ratio, equilibrium(ROOM, TENSION / radius))
                return (na - liquid * amounts.k) / (solid - liquid) - np.pi * radius ** 2 / 2 / WIDTH / SOLID_K

            radius = brentq(excess, *(amounts.radius[row] * np.array([0.97, 1.03])))
            return nak1d.ocv(equilibrium(ROOM, TENSION / radius)[0], ROOM)

        charge = 1e-5 * MAH_CM2
        slope = (voltage(charge) - voltage(-charge)) / (2 * charge)
        expected = -slope / (2 * np.pi * self.frequency[-1]) * 1e4
        print(f"at {self.frequency[-1]:.0e} Hz {self.z[-1]:.4f} ohm cm2, reactance by Gibbs, Thomson and the lever "
              f"rule {expected:.4f}")
        self.assertTrue(np.isfinite(self.z).all())
        self.assertLess(abs(self.z[-1].imag / expected - 1), 0.05)


if __name__ == "__main__":
    unittest.main(verbosity=2)
