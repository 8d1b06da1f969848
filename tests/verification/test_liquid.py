"""A liquid electrolyte: exchange at rest, salt and life, against an independent solution of the
amounts alone.

That one has two well-mixed alloys, the electrolyte and the salt as amounts, and finds the two
potentials from the current at every moment.  It shares no code with the program but the energies of
Na-K in tests/reference/nak1d.py.
"""
import math
import os
import sys
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

T, F_RT = 298.15, FARADAY / (GAS * 298.15)
DECKS = nakrun.DECKS / "koh2024"

# Other numbers than those of the decks.
CELL = {"i0_k": 4e-4, "offset": 0.29, "r_ct": 20e-4, "concentration": 800.0, "height": 2.5e-3, "solubility": 30.0,
        "rate": 2e-4, "r_0": 40e-4, "room": 0.2, "exponent": 1.3, "slowing": 0.3, "series": 8e-4}
DECK = """
title: a liquid electrolyte
alloy:       {potassium: 45 mol%, volume: 4 uL}
cell:        {area: 40 mm^2, series_resistance: 8 ohm.cm^2}
electrolyte: {kind: liquid, concentration: 0.8 mol/L, volume: 100 uL, conductivity: 1000 S/m, thickness: 1 um,
              pellet_thickness: 1 um, grain_boundary_resistivity: 0 ohm.m}
interphase:  none
kinetics:    {charge_transfer_resistance: 20 ohm.cm^2, potassium_exchange: 4e-5 mA/cm^2, potassium_offset: 0.29 V,
              deposit_barrier: 10 V, double_layer: 1e-6 F/m^2}
salt:        {solubility: 30 mmol/L, rate: 2e-4 mol/m^2/s, resistance: 40 ohm.cm^2, room: 0.2 mol/m^2, exponent: 1.3,
              slowing: 0.3 mol/m^2}
counter:     alloy
protocol:
  - repeat: 60
    until: [voltage > 0.9 V, voltage < -0.9 V]
    steps:
      - {strip: 0.5 mA/cm^2, for: 1 h}
      - {plate: 0.5 mA/cm^2, for: 1 h}
"""

REST = """
title: exchange at rest
alloy:       {potassium: 50 mol%, volume: 3.17 uL}
cell:        {area: 28.3 mm^2}
electrolyte: {kind: liquid, volume: 10 uL}
interphase:  none
kinetics:    {potassium_exchange: 1e-3 mA/cm^2, potassium_offset: OFFSET V, deposit_barrier: 10 V}
solver:      {tolerance: 1e-7}
protocol:    [{rest: 40000 h}]
"""


def activities(x):
    na, k = nak1d.liquid(x, T)
    return math.exp(na / (GAS * T)), math.exp(k / (GAS * T))


def currents(E, x, n, kappa, m, start):
    """Of Na and of K, at potential E over alloy x in a solution of n and kappa times the first Na+.
    """
    a_na, a_k = activities(x)
    i0 = GAS * T / FARADAY / CELL["r_ct"] / activities(start)[0] ** 0.5  # by mass action
    na = i0 * (a_na * math.exp(F_RT * E / 2) - n * math.exp(-F_RT * E / 2))
    shifted = F_RT * (E + CELL["offset"]) / 2
    k = CELL["i0_k"] / (1 + m / CELL["slowing"]) * (a_k * math.exp(shifted) - kappa * math.exp(-shifted))
    return na, k


class Amounts:
    """Na and K of both alloys and the salt on both faces, per area."""

    def __init__(self, x, atoms):
        self.start, self.bath = x, CELL["concentration"] * CELL["height"]
        self.y = np.array([x * atoms, (1 - x) * atoms, x * atoms, (1 - x) * atoms, 0.0, 0.0])
        self.first = self.y.copy()

    def solution(self, y):
        gone = (self.first[1] - y[1] + self.first[3] - y[3]) / self.bath
        salt = (y[4] + y[5]) / self.bath
        return 1 - gone, gone - salt, 1 - salt

    def faces(self, y, current):
        """Potential and currents of each face."""
        n, kappa, _ = self.solution(y)
        for which, sign in ((0, 1), (1, -1)):
            x = y[2 * which] / (y[2 * which] + y[2 * which + 1])
            arguments = (x, n, kappa, y[4 + which], self.start)
            E = brentq(lambda v, a=arguments: sum(currents(v, *a)) - sign * current, -2, 2, xtol=1e-13)
            yield E, *currents(E, *arguments)

    def rate(self, y, current):
        _, kappa, anion = self.solution(y)
        excess = kappa * anion * (CELL["concentration"] / CELL["solubility"]) ** 2 - 1
        (_, na, k), (_, na2, k2) = self.faces(y, current)
        salt = [CELL["rate"] * excess * (1 if excess > 0 else m / (m + 1e-4)) for m in y[4:]]
        return np.array([-na, -k, -na2, -k2, *(s * FARADAY for s in salt)]) / FARADAY

    def voltage(self, y, current):
        (E, *_), (other, *_) = self.faces(y, current)
        films = sum(CELL["r_0"] * (1 - m / CELL["room"]) ** -CELL["exponent"] for m in y[4:])
        return E - other + current * (CELL["series"] + films)

    def half_cycle(self, current, duration):
        def limit(_, y):
            return 0.9 - abs(self.voltage(y, current))
        limit.terminal = True
        done = solve_ivp(lambda _, y: self.rate(y, current), (0, duration), self.y, method="LSODA", rtol=1e-8,
                         atol=1e-11, events=limit)
        self.y = done.y[:, -1]
        return done.t[-1], self.voltage(self.y, current)


class Liquid(unittest.TestCase):
    def test_salt_and_life(self):
        run = nakrun.run(DECK)
        x = 0.55
        volume = x * nak1d.V_NA + (1 - x) * nak1d.V_K + x * (1 - x) * nak1d.V_EXCESS
        amounts, time, worst = Amounts(x, 4e-9 / volume / 40e-6), 0.0, 0.0
        ends = [(step["end_s"], step["voltage_V"]) for step in run.summary["steps"]]
        series = {name: np.array(values) for name, values in run.series.items()}
        for n in range(120):
            current = (1 if n % 2 == 0 else -1) * 5.0
            took, voltage = amounts.half_cycle(current, 3600.0)
            time += took
            if took < 3600 * (1 - 1e-9):
                break
            at = np.argmin(abs(series["time_s"] - time))
            worst = max(worst, abs(series["voltage_V"][at] / voltage - 1) if series["current_mA_cm2"][at] * current > 0
                        else 0, abs(series["salt_um"][at] / (amounts.y[4] * 54.9) - 1) if n > 8 else 0)
        self.assertGreater(n, 10)
        self.assertEqual(run.summary["status"], "condition")
        print(f"life {run.summary['time_s'] / 3600:.2f} h, of the independent solution {time / 3600:.2f} h, after {n} "
              f"half-cycles; voltage and salt at their ends within {worst:.1e}; {len(ends)} steps")
        self.assertLess(nakrun.relative(run.summary["time_s"], time), 5e-3)
        self.assertLess(worst, 5e-3)
        self.assertLess(run.balance, 1e-10)

    def test_exchange_at_rest(self):
        """Ends where both reactions rest: c_K / c_Na = (a_K / a_Na) exp(F dE / R T)."""
        for offset, potassium in ((0.1, 50), (0.02, 80), (-0.05, 60)):
            run = nakrun.run(REST.replace("OFFSET", str(offset)), f"alloy.potassium={potassium} mol%")
            last = {name: values[-1] for name, values in run.series.items()}
            a_na, a_k = activities(last["reservoir_x"])
            expected = a_k / a_na * math.exp(F_RT * offset)
            found = last["electrolyte_k_mol_m3"] / last["electrolyte_na_mol_m3"]
            print(f"{offset} V, {potassium} mol% K: c_K / c_Na = {found:.8g}, of equilibrium {expected:.8g}; x = "
                  f"{last['reservoir_x']:.4f}; balances {run.balance:.1e}")
            self.assertLess(nakrun.relative(found, expected), 1e-6)
            self.assertLess(run.balance, 1e-10)

    def test_no_potassium(self):
        """Without K the liquid is as the solid without an adlayer."""
        wet = DECK.replace("potassium_exchange: 4e-5 mA/cm^2, ", "").replace("resistance: 40 ohm.cm^2, room", "room")
        dry = "\n".join(line for line in wet.replace("kind: liquid, concentration: 0.8 mol/L, volume: 100 uL, ", "")
                        .split("\n") if not line.startswith("salt:") and "slowing" not in line)
        runs = [nakrun.run(deck.replace("potassium_offset: 0.29 V,", "adlayer_charge: 0 C/m^2,"), "protocol.0.repeat=2")
                for deck in (wet, dry)]
        worst = max(abs(a - b) for a, b in zip(*(run.series["voltage_V"] for run in runs)))
        print(f"without K: voltages {worst:.1e} V apart")
        self.assertLess(worst, 1e-8)

    def test_both_laws_of_the_leak(self):
        """By time the hours count, by charge the cycles."""
        life = {}
        for law in ("na50k50", "by_charge"):
            for name, extra in (("whole", ()), ("half", ("protocol.0.steps.0.strip=0.2 mA/cm^2",
                                                         "protocol.0.steps.1.plate=0.2 mA/cm^2",
                                                         "protocol.0.steps.0.for=5 h", "protocol.0.steps.1.for=5 h"))):
                run = nakrun.run(DECKS / f"{law}.yaml", *extra)
                life[law, name] = run.summary["time_s"] / 3600, max(run.series["cycle"])
                self.assertEqual(run.summary["status"], "condition")
                self.assertLess(run.balance, 1e-10)
        print("hours and cycles: " + "; ".join(f"{law}, {name} current {h:.0f} h, {n:.0f}"
                                               for (law, name), (h, n) in life.items()))
        self.assertLess(nakrun.relative(life["na50k50", "half"][0], life["na50k50", "whole"][0]), 0.05)
        self.assertLess(nakrun.relative(life["by_charge", "half"][1], life["by_charge", "whole"][1]), 0.05)


if __name__ == "__main__":
    unittest.main(verbosity=2)
