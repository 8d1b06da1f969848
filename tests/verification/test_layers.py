"""Layers of ions in a liquid electrolyte: closed forms of one salt, order in space, an independent
solution with salt.

Closed forms are those of a binary salt whose anion does not react: limiting current, Sand's time,
the steady profile, the voltage of a concentration cell.  The independent solution has its nodes on
the faces, eliminates phi and knows no column.
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

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent),
                str(Path(__file__).resolve().parent.parent / "reference")]
import nak1d
import nakrun
import test_impedance
from nak1d import FARADAY, GAS
from test_liquid import activities

F_RT = FARADAY / (GAS * 298.15)
NA, K, X, EPS, L, C = 2e-10, 3.5e-10, 3e-10, 0.6, 4e-4, 800.0
WIDE = EPS ** 1.5  # of the pores, for their paths
LIMIT = 4 * FARADAY * NA * WIDE * C / L

BINARY = """
title: one salt
alloy:       {potassium: 45 mol%, volume: 40 uL}
cell:        {area: 40 mm^2}
electrolyte: {kind: liquid, transport: layers, concentration: 0.8 mol/L, thickness: 0.4 mm, porosity: 0.6,
              sodium_diffusivity: 2e-10 m^2/s, potassium_diffusivity: 3.5e-10 m^2/s, anion_diffusivity: 3e-10 m^2/s}
interphase:  none
grid:        {electrolyte_layers: 20, finest_electrolyte: 0 um}
kinetics:    {charge_transfer_resistance: 0.1 ohm.cm^2, deposit_barrier: 10 V, double_layer: 1e-3 F/m^2}
"""


def binary(protocol, *overrides, **more):
    return nakrun.run(BINARY + f"protocol: [{protocol}]\n", *overrides, **more)


def least(run):
    return run.series["least_na_mol_m3"]


class Closed(unittest.TestCase):
    def test_limiting_current(self):
        """The concentration at the face is (1 - i / i_lim) c, and above i_lim the cell ends."""
        for share in (0.5, 0.99):
            run = binary(f"{{plate: {share * LIMIT} A/m^2, for: 100 h}}")
            self.assertEqual(run.summary["status"], "completed")
            self.assertLess(abs(least(run)[-1] / C - (1 - share)), 1e-6)
            self.assertLess(run.balance, 1e-10)
        run = binary(f"{{plate: {1.002 * LIMIT} A/m^2, for: 100 h, until: least_na < 0.1 mol/m^3}}")
        print(f"limiting current {LIMIT:.3f} A/m2: 99 % of it goes on, 100.2 % ends after {run.summary['time_s']:.0f} s")
        self.assertEqual(run.summary["status"], "condition")

    def test_the_end_of_a_depleted_cell(self):
        run = binary(f"{{plate: {3 * LIMIT} A/m^2, for: 1 h, until: voltage < -9 V}}", "limits.voltage_max=100 V",
                     status=nakrun.SOLVER, message="limiting current of the electrolyte reached: no Na\\+ is left")
        self.assertEqual(run.summary["status"], "failed")

    def test_sands_time(self):
        t = NA / (NA + X)
        salt, current = 2 * NA * X / (NA + X), 3 * LIMIT
        tau = math.pi * salt * EPS * WIDE * (FARADAY * C / (2 * current * (1 - t))) ** 2
        item = f"{{plate: {current} A/m^2, for: 1 h, until: voltage < -1 V}}"
        errors = [binary(item, f"grid.electrolyte_layers={n}").summary["time_s"] / tau - 1 for n in (40, 80, 160)]
        orders = [math.log2(a / b) for a, b in zip(errors, errors[1:])]
        print(f"Sand's time {tau:.4f} s: errors {', '.join(f'{e:.2%}' for e in errors)} with 40, 80, 160 layers; orders "
              f"{', '.join(f'{o:.2f}' for o in orders)}")
        self.assertLess(abs(errors[-1]), 1e-3)
        for order in orders:
            self.assertLess(abs(order - 2), 0.1)

    def test_steady_state_and_junction(self):
        """No flux of the anion, so phi follows its logarithm; and after the current, the potential
        of the junction.
        """
        share = 0.8
        with tempfile.TemporaryDirectory() as scratch:
            run = binary(f"{{plate: {share * LIMIT} A/m^2, for: 3 h}}, {{rest: 1 s}}", "alloy.volume=800 uL", "grid.electrolyte_layers=80",
                         "solver.first_step=0.1 ms", "electrolyte.anion_diffusivity=6e-10 m^2/s", folder=scratch)
            frame = nakrun.nakfield.Run(run.folder).frame(1)
            phi, anion, z = (np.squeeze(frame[name])[:80] for name in ("phi_e", "c_anion", "c_na"))
        drift = np.diff(anion) + (anion[1:] + anion[:-1]) / 2 * -F_RT * np.diff(phi)
        error = abs(F_RT * (phi - phi[0]) - np.log(anion / anion[0])).max()
        print(f"steady: anion moves by {abs(drift / np.diff(anion)).max():.1e} of its diffusion; phi within "
              f"{error / math.log(anion.max() / anion.min()):.2%} of its logarithm")
        self.assertLess(abs(drift / np.diff(anion)).max(), 1e-6)
        self.assertLess(error, 1e-2 * math.log(anion.max() / anion.min()))
        self.assertLess(abs(anion - z).max(), 1e-9 * C)
        rest = [v for s, v in zip(run.series["step"], run.series["voltage_V"]) if s == 1]
        time = [t for s, t in zip(run.series["step"], run.series["time_s"]) if s == 1]
        open_circuit = -math.log(activities(0.55)[0]) / F_RT
        junction = 2 * 6e-10 / (6e-10 + NA) / F_RT * math.log((1 - share) / (1 + share))
        k = np.argmin(abs(np.array(time) - time[0] - 5e-4))
        x = run.series["reservoir_x"][-1]
        measured = rest[k] + math.log(activities(x)[0]) / F_RT
        print(f"concentration cell with a junction: {1e3 * measured:.3f} mV, closed form {1e3 * junction:.3f} mV "
              f"({open_circuit:.4f} V at rest)")
        self.assertLess(abs(measured / junction - 1), 0.01)


SALTY = {"i0_k": 0.02, "offset": 0.29, "r_ct": 20e-4, "solubility": 60.0, "rate": 3e-4, "pores": 0.2, "volume": 60e-6,
         "current": 5.0, "hours": 1.5}
DECK = BINARY.replace("charge_transfer_resistance: 0.1 ohm.cm^2", "charge_transfer_resistance: 20 ohm.cm^2, "
                      "potassium_exchange: 2e-3 mA/cm^2, potassium_offset: 0.29 V").replace(
    "grid:", "salt:        {solubility: 60 mmol/L, rate: 3e-4 mol/m^2/s, separator_rate: 0.2 mol/m^3/s,\n"
    "              molar_volume: 60 cm^3/mol}\ncounter:     alloy\ngrid:")


class Nodes:
    """Amounts of Na+, K+ and salt per volume at equal nodes from the far face (0) to the alloy, and
    those of both alloys.
    """

    def __init__(self, n, x, atoms):
        self.n, self.h = n, L / (n - 1)
        self.volume = np.full(n, self.h)
        self.volume[[0, -1]] /= 2
        self.start = x
        alloy = [x * atoms, (1 - x) * atoms]
        self.y = np.concatenate([np.full(n, EPS * C), np.zeros(2 * n), alloy, alloy, [0, 0]])

    def concentrations(self, y):
        n = self.n
        pores = EPS - SALTY["volume"] * y[2 * n:3 * n]
        return pores, y[:n] / pores, y[n:2 * n] / pores

    def face(self, y, far, na, k, current):
        """Potential, current of K and growth of salt at an electrode that gives `current`."""
        rest = y[3 * self.n:]
        x = rest[2 * far] / (rest[2 * far] + rest[2 * far + 1])
        a_na, a_k = activities(x)
        i0 = GAS * 298.15 / FARADAY / SALTY["r_ct"] / activities(self.start)[0] ** 0.5

        def parts(E):
            e, shifted = F_RT * E / 2, F_RT * (E + SALTY["offset"]) / 2
            return (i0 * (a_na * math.exp(e) - max(na, 1e-6) / C * math.exp(-e)),
                    SALTY["i0_k"] * (a_k * math.exp(shifted) - k / C * math.exp(-shifted)))
        E = brentq(lambda v: sum(parts(v)) - current, -2, 2, xtol=1e-13)
        excess = k * (na + k) / SALTY["solubility"] ** 2 - 1
        salt = rest[4 + far]
        return E, parts(E)[1], SALTY["rate"] * excess * (1 if excess > 0 else salt / (salt + 1e-4))

    def drops(self, pores, na, k, current):
        """f times the rise of phi from node to node, and the fluxes of Na+ and of K+ down it."""
        wide = ((pores[1:] + pores[:-1]) / 2) ** 1.5 / self.h
        x = na + k
        mean = [(c[1:] + c[:-1]) / 2 for c in (na, k, x)]
        conductance = wide * (NA * mean[0] + K * mean[1] + X * mean[2])
        v = (current / FARADAY - wide * (NA * np.diff(na) + K * np.diff(k) - X * np.diff(x))) / conductance
        return v, wide * NA * (np.diff(na) + mean[0] * v), wide * K * (np.diff(k) + mean[1] * v)

    def rate(self, y, current):
        n = self.n
        pores, na, k = self.concentrations(y)
        _, down_na, down_k = self.drops(pores, na, k, current)
        _, k_near, m_near = self.face(y, 0, na[-1], k[-1], current)
        _, k_far, m_far = self.face(y, 1, na[0], k[0], -current)
        down_na = np.concatenate([[(current + k_far) / FARADAY], down_na, [(current - k_near) / FARADAY]])
        down_k = np.concatenate([[m_far - k_far / FARADAY], down_k, [k_near / FARADAY - m_near]])
        root = np.sqrt(np.maximum(k * (na + k), 0)) / SALTY["solubility"]
        salt = y[2 * n:3 * n]
        falls = SALTY["pores"] * pores / EPS * (root - 1) * np.where(root > 1, 1, salt / (salt + 1e-4 * C))
        alloys = np.array([k_near - current, -k_near, current + k_far, -k_far]) / FARADAY
        return np.concatenate([np.diff(down_na) / self.volume, np.diff(down_k) / self.volume - falls, falls, alloys,
                               [m_near, m_far]])

    def voltage(self, y, current):
        pores, na, k = self.concentrations(y)
        v, _, _ = self.drops(pores, na, k, current)
        near, far = self.face(y, 0, na[-1], k[-1], current)[0], self.face(y, 1, na[0], k[0], -current)[0]
        return near - far + v.sum() / F_RT

    def run(self, current, duration):
        n = self.n
        pattern = np.kron(np.ones((3, 3)), sum(np.eye(n, k=j) for j in (-1, 0, 1)))
        sparsity = np.ones((3 * n + 6, 3 * n + 6))
        sparsity[:3 * n, :3 * n] = pattern
        sparsity[3 * n:, :3 * n] = 0
        for group in range(3):
            sparsity[3 * n:, [group * n, group * n + n - 1]] = 1
        sparsity[:3 * n, 3 * n:] = 0
        for group in range(2):
            sparsity[[group * n, group * n + n - 1], 3 * n:] = 1
        self.y = solve_ivp(lambda _, y: self.rate(y, current), (0, duration), self.y, method="BDF", rtol=1e-6,
                           atol=1e-4, jac_sparsity=sparsity).y[:, -1]


class Salty(unittest.TestCase):
    def test_profiles_with_salt(self):
        x = 0.55
        volume = x * nak1d.V_NA + (1 - x) * nak1d.V_K + x * (1 - x) * nak1d.V_EXCESS
        nodes = Nodes(161, x, 40e-9 / volume / 40e-6)
        hours, current = SALTY["hours"], SALTY["current"]
        item = f"{{strip: {current} A/m^2, for: {hours} h}}, {{plate: {current} A/m^2, for: {hours} h}}"
        with tempfile.TemporaryDirectory() as scratch:
            run = nakrun.run(DECK + f"protocol: [{item}]\n", "grid.electrolyte_layers=80", folder=scratch)
            read = nakrun.nakfield.Run(run.folder)
            frames = [read.frame(k) for k in (1, 2)]
        ends = [k - 1 for k, step in enumerate(run.series["step"]) if step == 1][:1] + [len(run.series["step"]) - 1]
        at = (np.arange(80) + 0.5) * L / 80
        for k, sign in ((0, 1), (1, -1)):
            nodes.run(sign * current, 3600 * hours)
            pores, na, potassium = nodes.concentrations(nodes.y)
            place = np.linspace(0, L, nodes.n)
            errors = {}
            for name, mine in (("c_na", na), ("c_k", potassium), ("porosity", EPS - pores)):
                found = np.squeeze(frames[k][name])[:80]
                found = EPS - found if name == "porosity" else found
                errors[name] = abs(found - np.interp(at, place, mine)).max() / abs(mine).max()
            errors["voltage"] = nakrun.relative(run.series["voltage_V"][ends[k]], nodes.voltage(nodes.y, sign * current))
            errors["salt on the face"] = nakrun.relative(run.series["salt_um"][ends[k]],
                                                         1e6 * SALTY["volume"] * nodes.y[-2])
            print(f"after {(k + 1) * hours} h, K+ up to {potassium.max():.1f} mol/m3, salt in the pores up to "
                  f"{(EPS - pores).max():.2e}: " + ", ".join(f"{name} {e:.2%}" for name, e in errors.items()))
            self.assertGreater((EPS - pores).max(), 1e-3)
            for name, error in errors.items():
                self.assertLess(error, 0.01, name)
        self.assertLess(run.balance, 1e-10)

    def test_exchange_at_rest(self):
        """Ends where both reactions rest, in the layers and in the liquid beyond them."""
        rest = DECK.replace("thickness: 0.4 mm", "thickness: 0.4 mm, volume: 60 uL, exchange_time: 1 h").replace(
            "volume: 40 uL", "volume: 10 uL").replace("solubility: 60 mmol/L, ", "").replace(
            "separator_rate: 0.2 mol/m^3/s,", "")
        for offset in (0.1, 0.02):
            run = nakrun.run(rest + "protocol: [{rest: 40000 h}]\n", f"kinetics.potassium_offset={offset} V")
            last = {name: values[-1] for name, values in run.series.items()}
            a_na, a_k = activities(last["reservoir_x"])
            expected = a_k / a_na * math.exp(F_RT * offset)
            found = last["electrolyte_k_mol_m3"] / last["electrolyte_na_mol_m3"]
            print(f"{offset} V: c_K / c_Na = {found:.8g}, of equilibrium {expected:.8g}; balances {run.balance:.1e}")
            self.assertLess(nakrun.relative(found, expected), 1e-4)
            self.assertLess(run.balance, 1e-10)


class Membrane(unittest.TestCase):
    MEMBRANE = ("membrane.thickness=50 um", "membrane.anions=1.2 mol/L", "membrane.sodium_diffusivity=4e-11 m^2/s",
                "grid.electrolyte_layers=24")

    def test_it_is_a_resistance_for_one_ion(self):
        """Without a flux of anions, all Na+ meets the resistance of Na+ alone, of the membrane
        beside that of the liquid.
        """
        current = 1.0
        item = f"{{strip: {current} A/m^2, for: 2 h}}"
        layers = ("grid.electrolyte_layers=48", "grid.finest_electrolyte=2 um")
        volts = [binary(item, *extra, *layers).series["voltage_V"][-1] for extra in ((), self.MEMBRANE)]
        found, expected = (volts[1] - volts[0]) / current, 50e-6 / (F_RT * FARADAY * 4e-11 * 1200)
        print(f"membrane: {1e4 * found:.4f} ohm cm2, closed form {1e4 * expected:.4f}")
        self.assertLess(nakrun.relative(found, expected), 0.01)

    def test_it_keeps_potassium_back(self):
        deck = DECK.replace("counter:     alloy", "").replace("solubility: 60 mmol/L, ", "").replace(
            "separator_rate: 0.2 mol/m^3/s,", "")
        with tempfile.TemporaryDirectory() as scratch:
            run = nakrun.run(deck + "protocol: [{rest: 10 min}, {plate: 2 A/m^2, for: 2 min}]\n", *self.MEMBRANE, folder=scratch)
            frame = nakrun.nakfield.Run(run.folder).frame(2)
            potassium, anion = (np.squeeze(frame[name]) for name in ("c_k", "c_anion"))
        print(f"K+ at the alloy {potassium[23]:.1f} mol/m3, beyond the membrane {abs(potassium[:14]).max():.1e}; mobile anions in "
              f"it {abs(anion[10:14]).max():.1e}; balances {run.balance:.1e}")
        self.assertGreater(potassium[23], 50)
        self.assertLess(abs(potassium[:14]).max(), 1e-9)
        self.assertLess(abs(anion[10:14]).max(), 1e-6)
        self.assertLess(run.balance, 1e-10)

    def test_only_potassium_passes(self):
        """Na reacts and K+ carries: each side keeps its anions.  At rest, Nernst and Donnan."""
        current, hours, share = 1.0, 0.5, 0.4
        run = binary(f"{{strip: {current} A/m^2, for: {hours} h}}, {{rest: 5 h}}", *self.MEMBRANE, f"electrolyte.potassium={share}",
                     "membrane.sodium_diffusivity=0 m^2/s", "membrane.potassium_diffusivity=6e-11 m^2/s")
        moved = current * 3600 * hours / (FARADAY * EPS * L / 2)
        na, k = (1 - share) * C, share * C
        near, far = (na + moved, k - moved), (na - moved, k + moved)
        x = run.series["reservoir_x"][-1]
        expected = (math.log(near[0] / far[0]) - math.log(near[1] / far[1]) - math.log(activities(x)[0])) / F_RT
        found = run.series["voltage_V"][-1]
        print(f"membrane for K+ alone: {1e3 * found:.5f} mV at rest, closed form {1e3 * expected:.5f} mV; least Na+ "
              f"{least(run)[-1]:.4f} of {far[0]:.4f} mol/m3; balances {run.balance:.1e}")
        self.assertLess(abs(found - expected), 1e-3 * abs(expected))
        self.assertLess(nakrun.relative(least(run)[-1], far[0]), 1e-5)
        self.assertLess(run.balance, 1e-10)

    def test_it_ends_where_nothing_carries(self):
        """K+ has taken the place of nearly all Na+ before the membrane, and only Na+ passes it."""
        with tempfile.TemporaryDirectory() as scratch:
            output = nakrun.call("run", nakrun.DECKS / "xue2018/ion_property.yaml", "electrolyte.transport=layers",
                                 "electrolyte.pellet_thickness=0.2 mm", "membrane={thickness: 50 um, anions: 1 mol/L}",
                                 "output.directory=run", folder=scratch)
        output.demand(nakrun.SOLVER, "limiting current of the electrolyte reached: no Na\\+ is left at a face or a membrane")


class Lateral(unittest.TestCase):
    def test_columns(self):
        """Columns alike are one column; a narrow strip of contact costs little; ranks do not
        matter.
        """
        item = f"{{plate: {0.5 * LIMIT} A/m^2, for: 600 s}}, {{rest: 60 s}}"
        small = ("grid.electrolyte_layers=12", "grid.alloy_layers=6")
        columns = (*small, "grid.nx=8", "grid.width=64 um")
        one, alike = binary(item, *small), binary(item, *columns)
        strips = [binary(item, *columns, "contact={fraction: 0.5, shape: strip}", ranks=ranks) for ranks in (1, 2)]
        last = [step for step, _ in enumerate(one.series["step"]) if one.series["step"][step] == 0][-1]
        apart = max(abs(a - b) for a, b in zip(one.series["voltage_V"], alike.series["voltage_V"]))
        ranks = max(abs(a - b) for a, b in zip(*(run.series["voltage_V"] for run in strips)))
        end = [v for v, step in zip(strips[0].series["voltage_V"], strips[0].series["step"]) if step == 0][-1]
        more = end / one.series["voltage_V"][last] - 1
        balance = max(run.balance for run in (alike, *strips))
        print(f"columns alike {apart:.1e} V from one; 1 and 2 ranks {ranks:.1e} V; a strip 32 um wide over half of the face "
              f"{more:.1%} more voltage; balances {balance:.1e}")
        self.assertLess(apart, 1e-8)
        self.assertLess(ranks, 1e-8)
        self.assertGreater(more, 0)
        self.assertLess(more, 0.1)
        self.assertLess(balance, 1e-10)

    def test_steady_state_in_two_dimensions(self):
        """No anion moves.  So phi follows ln c, and c obeys Laplace's equation: a series."""
        width, current, errors, drifts = 6e-4, 0.6 * LIMIT, [], []
        for columns, layers in ((12, 12), (24, 24)):
            with tempfile.TemporaryDirectory() as scratch:
                run = binary(f"{{plate: {current} A/m^2, for: 3 h}}", "alloy.volume=800 uL", f"grid.electrolyte_layers={layers}",
                             "grid.alloy_layers=4", f"grid.nx={columns}", f"grid.width={width} m", "grid.lateral=symmetric",
                             "contact={fraction: 0.5, shape: strip}", "kinetics.charge_transfer_resistance=5 ohm.cm^2",
                             "electrolyte.anion_diffusivity=6e-10 m^2/s", "solver.first_step=0.1 ms", folder=scratch)
                frame = nakrun.nakfield.Run(run.folder).frame(-1)
                c, phi = (np.squeeze(frame[name])[:layers] for name in ("c_na", "phi_e"))
                into = -np.squeeze(frame["current"])
            into = into * current / into.mean()  # its mean is what is held; only its shape is taken over
            n = np.arange(1, 8 * columns)
            k = math.pi * n / width
            x, z = (np.arange(columns) + 0.5) * width / columns, (np.arange(layers) + 0.5) * L / layers
            wave = np.cos(np.outer(k, x))
            parts = 2 / columns * wave @ into * np.sinc(n / (2 * columns))  # of a current constant over each column
            rate = -1 / (2 * FARADAY * NA * WIDE)
            series = C + rate * current * (z[:, None] - L / 2) + rate * np.einsum(
                "nz,nx->zx", parts[:, None] / k[:, None] * np.exp(np.outer(k, z - L)) * (1 + np.exp(-2 * np.outer(k, z))) /
                (1 - np.exp(-2 * k * L))[:, None], wave)
            errors.append(np.sqrt(((c - series) ** 2).mean()) / np.ptp(series, axis=1).max())
            drift = np.ptp(F_RT * phi - np.log(c)) / np.ptp(np.log(c))
            print(f"steady in 2D, {columns} x {layers}: Na+ {c.min():.0f} to {c.max():.0f} mol/m3, along the face by "
                  f"{np.ptp(c, axis=1).max():.0f}, of which {errors[-1]:.2%} off the series (rms); phi {drift:.1e} off ln c")
            drifts.append(drift)
            self.assertLess(run.balance, 1e-10)
        for found, order in ((errors, 2), (drifts, 1.4)):  # phi is worst in the corner of the face
            print(f"order in space {math.log2(found[0] / found[1]):.2f}")
            self.assertLess(found[1], 0.01)
            self.assertGreater(math.log2(found[0] / found[1]), 0.8 * order)


class Spectra(unittest.TestCase):
    def test_steps(self):
        """Spectra at rest, and under a current that has made profiles, against the time domain."""
        settings = """impedance: {frequency_max: 10 kHz, frequency_min: 1e-5 Hz, per_decade: 1}
solver: {tolerance: 1e-7, first_step: 1 ns}
protocol:
  - {current: BEFORE A/m^2, for: 30000 s}
  - impedance:
  - {current: AFTER A/m^2, for: 3000 s}
"""
        for deck, before, after in ((BINARY, 0, 0.02), (BINARY, -20, -19.98)):
            text = (deck + settings).replace("volume: 40 uL", "volume: 900 cm^3").replace("double_layer: 1e-3 F/m^2", "").replace(
                "BEFORE", str(before)).replace("AFTER", str(after))
            series, spectrum, _ = test_impedance.run(text)
            frequency, z = test_impedance.impedance(spectrum)
            probe = frequency > 5e-4
            stepped, _ = test_impedance.from_step(series, 2, (after - before) / 10, frequency[probe])
            errors = abs(stepped / z[probe] - 1)
            print(f"about {before} A/m2: " + ", ".join(f"{f:.3g} Hz {e:.2%}" for f, e in zip(frequency[probe], errors)))
            self.assertLess(errors.max(), 0.01)
            if before == 0:  # of the salt alone, at equilibrium
                slow = 1e4 * (L / (F_RT * FARADAY * NA * WIDE * C)) + 0.1
                fast = 1e4 * L / (F_RT * FARADAY * (NA + X) * WIDE * C)
                print(f"without frequency {z[-1].real:.3f} ohm cm2, closed form {slow:.3f}; before diffusion {fast:.3f} of "
                      f"{z[0].real:.3f}")
                self.assertLess(nakrun.relative(z[-1].real, slow), 0.01)


if __name__ == "__main__":
    unittest.main(verbosity=2)
