"""A host as counter electrode: equilibrium, cycles and spectra against independent solutions; which
metal carries.

The independent solutions have amounts alone: an alloy, a liquid, a host and salt.  They share no
code with the program but the energies of Na-K in tests/reference/nak1d.py.
"""
import math
import os
import sys
import tempfile
import unittest
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent.parent / "reference")]
import nak1d
import nakrun
from nak1d import FARADAY, GAS
from test_impedance import from_step, impedance
from test_impedance import run as run_with_spectra

T, F_RT = 298.15, FARADAY / (GAS * 298.15)
DECKS = nakrun.DECKS / "xue2018"

AREA, ALLOY, BATH, X = 40e-6, 4e-9, 10e-9, 0.55
OFFSET, I0_K, R_CT, C_0 = 0.29, 4e-2, 20e-4, 800.0
SITES, U_NA, U_K, SLOPE, R_HOST, I0_HOST = 2e4, 3.3, 3.35, 0.2, 30e-4, 5.0
SOLUBILITY, SALT_RATE, R_0, ROOM, SERIES = 90.0, 2e-4, 40e-4, 1.0, 8e-4
DECK = """
title: a host of two guests
alloy:       {potassium: 45 mol%, volume: 4 uL}
cell:        {area: 40 mm^2, series_resistance: 8 ohm.cm^2}
electrolyte: {kind: liquid, concentration: 0.8 mol/L, volume: 10 uL, conductivity: 1000 S/m, thickness: 1 um,
              pellet_thickness: 1 um, grain_boundary_resistivity: 0 ohm.m}
interphase:  none
kinetics:    {charge_transfer_resistance: 20 ohm.cm^2, potassium_exchange: 4e-2 A/m^2, potassium_offset: 0.29 V,
              deposit_barrier: 10 V, double_layer: 1e-6 F/m^2}
counter:     {kind: host, capacity: 2e4 C/m^2, voltage_na: 3.3 V, voltage_k: 3.35 V, slope: 0.2 V, sites_na: 0.6,
              sites_k: 0.1, charge_transfer_resistance: 30 ohm.cm^2, potassium_exchange: 5 A/m^2}
"""
SALT = "salt={solubility: 90 mol/m^3, rate: 2e-4 mol/m^2/s, resistance: 40 ohm.cm^2, room: 1 mol/m^2}"

# Na alone, across a solid.
SOLID = """
title: a host across a solid
alloy:       {potassium: 56 wt%, volume: 200 uL}
cell:        {area: 0.95 cm^2}
electrolyte: {conductivity: 0.14 S/m, pellet_thickness: 1.1 mm, grain_boundary_resistivity: 0 ohm.m}
counter:     {kind: host, capacity: 5 mAh/cm^2, sites_na: 0.4, slope: 0.1 V, charge_transfer_resistance: 30 ohm.cm^2}
"""


def activities(x):
    na, k = nak1d.liquid(x, T)
    return math.exp(na / (GAS * T)), math.exp(k / (GAS * T))


def rate(k, E, reduced, oxidised):
    """Current of a reaction by mass action, with E against its standard potential."""
    return k * (reduced * math.exp(F_RT * E / 2) - oxidised * math.exp(-F_RT * E / 2))


class Cell:
    """Na and K of the alloy, K and Na of the host (over its sites), the salt on the alloy; amounts
    are per area.
    """

    def __init__(self, salt):
        volume = X * nak1d.V_NA + (1 - X) * nak1d.V_K + X * (1 - X) * nak1d.V_EXCESS
        atoms = ALLOY / volume / AREA
        self.bath, self.sites, self.salt = C_0 * BATH / AREA, SITES / FARADAY, salt
        self.y = np.array([X * atoms, (1 - X) * atoms, 0.6, 0.1, 0.0])
        self.first = self.y.copy()

    def liquid(self, y):
        """Na+, K+ and the anion, over the first Na+."""
        given = (self.first[1] - y[1] + self.sites * (self.first[3] - y[3])) / self.bath
        salt = y[4] / self.bath
        return 1 - given, given - salt, 1 - salt

    def alloy(self, E, y):
        a_na, a_k = activities(y[0] / (y[0] + y[1]))
        na, k, _ = self.liquid(y)
        k_na = GAS * T / FARADAY / R_CT / activities(X)[0] ** 0.5
        return rate(k_na, E, a_na, na), rate(I0_K, E + OFFSET, a_k, k)

    def host(self, E, y):
        na, k, _ = self.liquid(y)
        free, bend = 1 - y[2] - y[3], SLOPE * (0.5 - y[2] - y[3])
        k_na = 2 * GAS * T / FARADAY / R_HOST
        return rate(k_na, E - U_NA - bend, y[2], na * free), rate(2 * I0_HOST, E - U_K - bend, y[3], k * free)

    def faces(self, y, current):
        for face, sign, low, high in ((self.alloy, 1, -2, 2), (self.host, -1, 1, 6)):
            E = brentq(lambda v, f=face, s=sign: sum(f(v, y)) - s * current, low, high, xtol=1e-13)
            yield E, *face(E, y)

    def change(self, y, current):
        (_, na, k), (_, out, out_k) = self.faces(y, current)
        _, kappa, anion = self.liquid(y)
        salt = 0.0
        if self.salt:
            excess = kappa * anion * (C_0 / SOLUBILITY) ** 2 - 1
            salt = SALT_RATE * excess * (1 if excess > 0 else y[4] / (y[4] + 1e-4))
        return np.array([-na, -k, -out / self.sites, -out_k / self.sites, salt * FARADAY]) / FARADAY

    def voltage(self, y, current):
        (E, *_), (other, *_) = self.faces(y, current)
        return E - other + current * (SERIES + (R_0 / (1 - y[4] / ROOM) if self.salt else 0))

    def hold(self, current, duration):
        done = solve_ivp(lambda _, y: self.change(y, current), (0, duration), self.y, method="LSODA", rtol=1e-9,
                         atol=1e-12)
        self.y = done.y[:, -1]


def equilibrium(cell):
    """Amounts at which all reactions rest, without any charge that has passed."""
    def state(ln_ratio):  # of K+ over Na+ in the liquid
        ratio = math.exp(ln_ratio)
        anion = SOLUBILITY / C_0 * math.sqrt((1 + ratio) / ratio) if cell.salt else 1.0
        salt, taken = (1 - anion) * cell.bath, cell.first[2] + cell.first[3]
        of_host = ratio * math.exp(F_RT * (U_K - U_NA))
        in_host = taken * of_host / (1 + of_host)
        left = anion * ratio / (1 + ratio) * cell.bath + salt + (in_host - cell.first[3]) * cell.sites
        return np.array([cell.first[0] + left, cell.first[1] - left, taken - in_host, in_host, salt])

    def lacks(ln_ratio):
        a_na, a_k = activities(state(ln_ratio)[0] / sum(cell.first[:2]))
        return ln_ratio + math.log(a_na / a_k) - F_RT * OFFSET

    return state(brentq(lacks, 0, 20, xtol=1e-13))


class Host(unittest.TestCase):
    def close(self, run, cell, bound, what):
        """The last row against the amounts of the independent cell."""
        last = {name: values[-1] for name, values in run.series.items()}
        na, k, _ = cell.liquid(cell.y)
        expected = {"reservoir_x": cell.y[0] / (cell.y[0] + cell.y[1]), "counter_na": cell.y[2], "counter_k": cell.y[3],
                    "electrolyte_na_mol_m3": C_0 * na, "electrolyte_k_mol_m3": C_0 * k, "salt_um": cell.y[4] * 54.9}
        worst = {name: nakrun.relative(last[name], value) if value else abs(last[name])
                 for name, value in expected.items()}
        print(f"{what}: " + ", ".join(f"{name} {last[name]:.6g} ({error:.1e})" for name, error in worst.items()))
        self.assertLess(max(worst.values()), bound)
        self.assertLess(run.balance, 1e-10)

    def test_rest_is_equilibrium(self):
        """Alloy, liquid, host and salt come to the equilibrium of all of them."""
        for salt in (False, True):
            cell = Cell(salt)
            cell.y = equilibrium(cell)
            run = nakrun.run(DECK + "solver: {tolerance: 1e-7, shortest_step: 1e-14 s}\nprotocol: [{rest: 4000 h}]\n",
                             *((SALT,) if salt else ()))
            self.close(run, cell, 1e-8, f"at rest, {'with' if salt else 'without'} salt")
            self.assertAlmostEqual(run.series["counter_V"][-1], list(cell.faces(cell.y, 0.0))[1][0], delta=1e-8)

    def test_cycles(self):
        """A host that is filled and emptied by currents, with both guests."""
        steps = [(8.0, 600.0), (-6.0, 1500.0), (4.0, 1200.0), (0.0, 3600.0), (-8.0, 300.0)]
        protocol = ", ".join(f"{{current: {i} A/m^2, for: {t} s}}" if i else f"{{rest: {t} s}}" for i, t in steps)
        for salt in (False, True):
            cell, worst = Cell(salt), 0.0
            run = nakrun.run(DECK + f"solver: {{tolerance: 1e-6, shortest_step: 1e-14 s}}\nprotocol: [{protocol}]\n", *((SALT,) if salt else ()))
            for number, (current, duration) in enumerate(steps):
                cell.hold(current, duration)
                at = max(n for n, step in enumerate(run.series["step"]) if step == number)
                worst = max(worst, abs(run.series["voltage_V"][at] - cell.voltage(cell.y, current)))
            print(f"{'with' if salt else 'without'} salt: voltages at the ends within {worst:.1e} V; K in the host "
                  f"{0.1} to {max(run.series['counter_k']):.3f}")
            self.assertLess(worst, 1e-4)
            self.assertGreater(max(run.series["counter_k"]), 0.15)
            self.close(run, cell, 2e-4, "after all steps")

    def test_spectrum_against_the_time_domain(self):
        """The answer to a small step, of hosts so large that nothing drifts."""
        spectra = "impedance={frequency_max: 100 Hz, frequency_min: 1e-3 Hz, per_decade: 1}"
        large = ("counter.capacity=1e9 C/m^2", "alloy.volume=900 cm^3", "solver={tolerance: 1e-7, first_step: 1 ns}")
        for name, deck, more in (("solid", SOLID, ()),
                                 ("liquid", DECK, ("electrolyte.volume=1 m^3", "kinetics.double_layer=0.1 F/m^2",
                                                   "kinetics.potassium_exchange=1 A/m^2"))):
            for before in (0.0, 0.2):
                change = 1e-3
                protocol = (f"protocol=[{{current: {before} mA/cm^2, for: 200 s}}, {{impedance: }}, "
                            f"{{current: {before + change} mA/cm^2, for: 200 s}}]")
                series, table, _ = run_with_spectra(deck + "protocol: [{rest: 1 s}]\n", protocol, spectra, *large, *more)
                frequency, z = impedance(table)
                probe = frequency > 5e-3
                stepped, _ = from_step(series, 2, change, frequency[probe])
                errors = np.abs(stepped / z[probe] - 1)
                print(f"{name}, about {before} mA/cm2: " +
                      ", ".join(f"{f:.3g} Hz {e:.2%}" for f, e in zip(frequency[probe], errors)))
                self.assertLess(errors.max(), 0.01)

    def test_spectrum_of_a_host(self):
        """In closed form at half of the sites: charge transfer and what fills, beside the
        capacitor.
        """
        Q, i0, C = 5 * 3.6e4, GAS * T / FARADAY / 30e-4, 2e-3
        deck = SOLID.replace("sites_na: 0.4", "sites_na: 0.5") + "protocol: [{rest: 1 ms}, {impedance: }]\n"
        spectra = "impedance={frequency_max: 1 kHz, frequency_min: 1e-6 Hz, per_decade: 1}"
        with_host, bare = (impedance(run_with_spectra(text, spectra)[1]) for text in (
            deck, "\n".join(line for line in deck.split("\n") if not line.startswith("counter:"))))
        omega = 2 * np.pi * with_host[0]
        slope_y = 4 * i0 + i0 * F_RT * 0.1  # at half: k (1 + 1), k = 2 i0, and that of the slope
        faradaic = (1 + slope_y / (1j * omega * Q)) / (i0 * F_RT)
        expected = bare[1] + 1e4 / (1 / faradaic + 1j * omega * C)
        worst = np.abs(with_host[1] / expected - 1).max()
        print(f"spectrum of a host: {worst:.1e} from the closed form at {len(omega)} frequencies")
        self.assertLess(worst, 1e-6)

    def test_which_metal_carries(self):
        """The four mechanisms of carrier selection, a deck each, and a solid; of the host's
        current.
        """
        share = {}
        for name in ("ion_property", "nvp", "membrane", "potassium_membrane", "solid", "sei"):
            run = nakrun.run(DECKS / f"{name}.yaml")
            series = run.series
            filled = [n for n in range(len(series["step"]) - 1)
                      if series["current_mA_cm2"][n] > 0 > series["current_mA_cm2"][n + 1]] + [len(series["step"]) - 1]
            share[name] = [series["counter_k"][n] for n in filled]
            carriers = [c for c, i in zip(series["counter_carrier_k"], series["current_mA_cm2"]) if i > 0]
            print(f"{name}: K in the full host {share[name][0]:.4f} after cycle 1, {share[name][-1]:.4f} after "
                  f"{len(filled)}; its largest part of the current {max(map(abs, carriers)):.4f}" if name != "sei" else
                  f"{name}: K in the full host {', '.join(f'{k:.4f}' for k in share[name])}")
            self.assertEqual(run.summary["status"], "completed")
            self.assertEqual(len(filled), 10)
            self.assertLess(run.balance, 1e-10)
            if name in ("nvp", "solid"):
                self.assertEqual(max(map(abs, carriers)), 0)
            if name == "membrane":
                self.assertLess(max(map(abs, carriers)), 1e-15)
                given = [series["counter_na"][n] for n in filled]
                print(f"membrane: Na in the host {', '.join(f'{y:.3f}' for y in given)}")
                self.assertTrue(0.5 > given[0] > given[1] > given[2] > given[-1])
        self.assertGreater(share["ion_property"][0], 0.99)
        self.assertGreater(min(share["potassium_membrane"]), 0.99)
        self.assertLess(share["sei"][0], 0.05)
        self.assertTrue(all(a < b for a, b in zip(share["sei"], share["sei"][1:])))

    def test_ends(self):
        """A host has as many sites as it has, and a liquid as much Na+."""
        for protocol, more, why in (
                ("{strip: 0.25 mA/cm^2, for: 9 h}", (), "the host is full or empty"),
                ("{plate: 0.25 mA/cm^2, for: 9 h}", (), "the host is full or empty"),
                ("{plate: 0.25 mA/cm^2, for: 9 h}", ("limits.voltage_min=-4 V",), "limits.voltage_min"),
                ("{plate: 0.25 mA/cm^2, for: 1.5 h}, {strip: 0.25 mA/cm^2, for: 3 h}",
                 ("kinetics.potassium_exchange=0.1 mA/cm^2",), "the liquid has no Na+ left")):
            deck = "nvp" if len(more) and "potassium" in more[0] else "solid"
            run = nakrun.run(DECKS / f"{deck}.yaml", f"protocol=[{protocol}]", *more)
            self.assertEqual(run.summary["status"], "limit")
            self.assertIn(why, run.summary["end"])
            self.assertLess(run.balance, 1e-10)

    def test_a_full_column_ends_a_run(self):
        """Even where others have room, as each column has its own part of the host."""
        deck = SOLID + """grid: {nx: 16, width: 8 um, lateral: symmetric}
contact: {fraction: 0.6, patch: 2 um}
protocol: [{plate: 2 mA/cm^2, for: 30 s}, {voltage: 0.05 V, for: 1 h}]
"""
        run = nakrun.run(deck, "interphase.limiting_current=100 mA/cm^2", "interphase.diffusion_time=0.1 s")
        self.assertEqual((run.summary["status"], run.summary["end"]), ("limit", "the host is full or empty"))
        self.assertLess(run.series["counter_na"][-1], 1 - 1e-9)
        self.assertLess(run.balance, 1e-10)

    def test_columns_and_ranks(self):
        """Columns side by side under a pattern of contact, each with its part of the host."""
        deck = SOLID + "grid: {nx: 8, width: 32 um}\ncontact: {fraction: 0.5, shape: strip}\n"
        deck += "protocol: [{strip: 0.3 mA/cm^2, for: 60 s}, {voltage: -3.35 V, for: 60 s}, {rest: 10 s}]\n"
        runs = [nakrun.run(deck, "solver.tolerance=1e-5", ranks=ranks) for ranks in (1, 2, 3)]
        for other in runs[1:]:
            for name in ("voltage_V", "counter_na", "counter_V"):
                self.assertLess(nakrun.relative(other.series[name][-1], runs[0].series[name][-1]), 1e-6)
        gained = runs[0].series["counter_na"][-1] - runs[0].series["counter_na"][0]
        passed = runs[0].series["capacity_mAh_cm2"][-1] / 5
        print(f"2D: the host gained {gained:.6g} of its sites, and {passed:.6g} passed; balances "
              f"{max(run.balance for run in runs):.1e}")
        self.assertLess(nakrun.relative(gained, passed), 1e-4)
        self.assertLess(max(run.balance for run in runs), 1e-10)

    def test_wrong_decks(self):
        deck = SOLID + "protocol: [{rest: 1 s}]\n"
        for override, message in (
                ("counter.capacity=0 C/m^2", "counter.capacity"),
                ("counter.sites_k=0.7", "counter.sites_na and .sites_k are 1.1 together"),
                ("counter.slope=-0.11 V", "counter.slope is -0.11 V: a host separates")):
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / "deck.yaml").write_text(deck)
                nakrun.call("check", "deck.yaml", override, folder=folder, ranks=0).demand(nakrun.INPUT, message)
        nakrun.run(deck, "counter.potassium_exchange=1 A/m^2", message="counter.potassium_exchange has no effect")


if __name__ == "__main__":
    unittest.main(verbosity=2)
