"""Depletion under a current (`model: alloy`, one liquid phase) against its exact solution, which
shares nothing with the program but the file of the material.

The share y = 1 - x of what stays obeys dy/dt = D y'' with D y' = -v y at the bottom.  There v = j V
/ F is the speed at which alloy is used up.  It is the "radiation" boundary of Carslaw and Jaeger,
Conduction of Heat in Solids, 2nd ed., 2.7 and 3.11, with the sign of the coefficient turned round.
To first order in v it is Sand's law of 1901.
"""
import sys
import unittest
from pathlib import Path

import numpy as np
from scipy.optimize import brentq
from scipy.special import erf, erfcx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import nakrun  # noqa: E402
from test_phases import FARADAY, Alloy, R  # noqa: E402

T, D, CURRENT, KELVIN_K = 298.15, 1.2e-9, 1.5e4, 0.8  # [K], [m2/s], [A/m2], share of K by weight
AVOGADRO = 6.02214076e23
NAK = Alloy("NaK")

DECK = """
title: depletion under a current
model: alloy
alloy: {potassium: 80 wt%, temperature: 298.15 K, diffusivity: 1.2e-9 m^2/s}
microstructure:
  nx: 1
  width: 1 um
  interface_width: 100 um
  grains_b: 0
  current: 1.5 A/cm^2
nuclei: {count: 0}
march: {first_step: 1 us}
"""


def start():
    """Mole fraction of Na and volume of a mole of atoms [m3]."""
    a, b = NAK.data["A"], NAK.data["B"]
    na, k = ((1 - KELVIN_K) / float(a["molar_mass"].split()[0]), KELVIN_K / float(b["molar_mass"].split()[0]))
    x = na / (na + k)
    volume = (x * float(a["liquid_volume"].split()[0]) + (1 - x) * float(b["liquid_volume"].split()[0])
              + x * (1 - x) * float(NAK.data["liquid"]["excess_volume"].split()[0]))
    return x, volume


X0, VOLUME = start()
K = CURRENT * VOLUME / FARADAY / D  # v / D [1/m]


def half_space(z, t):
    """x at height z over the bottom of a half space."""
    s = np.sqrt(D * t)
    with np.errstate(divide="ignore"):
        a = z / (2 * s)
    y = erf(a) + np.exp(-a ** 2) * erfcx(a - K * s)  # exp(-K z + K^2 D t) erfc(a - K s)
    return 1 - (1 - X0) * y


def slab(z, t, height, terms=400):
    """The same where the top, at `height`, is closed: one mode that grows, and those that decay."""
    m = brentq(lambda m: m * np.tanh(m * height) - K, 1e-3 * K, 1e3 * (K + 1 / height))
    y = (np.sinh(m * height) / m / (height / 2 + np.sinh(2 * m * height) / (4 * m))
         * np.cosh(m * (height - z)) * np.exp(D * m ** 2 * t))
    for n in range(1, terms):
        low, high = (n - 0.5) * np.pi + 1e-12, n * np.pi
        b = brentq(lambda q: q / height * np.sin(q) + K * np.cos(q), low, high, xtol=1e-13) / height
        y = y + (np.sin(b * height) / b / (height / 2 + np.sin(2 * b * height) / (4 * b))
                 * np.cos(b * (height - z)) * np.exp(-D * b ** 2 * t))
    return 1 - (1 - X0) * y


def diffusion_potential(phase, x):
    a, b = NAK.potentials(phase, T, x)
    return a - b


def composition(phase, mu, low, high):
    return brentq(lambda x: diffusion_potential(phase, x) - mu, low, high, xtol=1e-14)


def boltzmann(x, angle):
    """exp(-barrier / kT) of solid K on the bottom beside liquid of composition x; classical theory.
    """
    mu = diffusion_potential("liquid", x)
    solid = composition("solid", mu, 1e-9, float(NAK.data["solid"]["solute_limit"].split()[0]) / 100)
    gain = NAK.solution("liquid", T, x) - mu * x - NAK.solution("solid", T, solid) + mu * solid
    tension = float(NAK.data["B"]["solid_liquid_energy"].split()[0])
    cosine = np.cos(np.radians(angle))
    barrier = 16 * np.pi / 3 * tension ** 3 * (VOLUME / gain) ** 2 * (2 + cosine) * (1 - cosine) ** 2 / 4
    return np.exp(-barrier * AVOGADRO / (R * T)) if gain > 0 else 0.0


def march(*overrides, deck=DECK):
    """The columns of phases.csv, a row for each step."""
    run = nakrun.run(deck, *overrides, "output.timeseries.every=0 s")
    return {key: np.array(values) for key, values in run.series.items()}


def bottom(height, cells, tolerance, end):
    """Times and mole fractions of the lowest cell, whose mu is the lowest."""
    run = march(f"microstructure.nz={cells}", f"microstructure.height={height} m",
                f"march.tolerance={tolerance}", f"march.end={end} s")
    return run["time_s"][1:], np.array([composition("liquid", mu, 1e-6, X0 + 1e-6) for mu in run["mu_min_J_mol"][1:]])


def liquidus():
    """Mole fraction of the liquid beside solid K."""
    return next(x for left, _, right, x in NAK.ties(T) if (left, right) == ("solid", "liquid"))


class Depletion(unittest.TestCase):
    def test_the_exact_solutions_agree(self):
        """Early on, the slab does not know that it has a top; to first order both are Sand's."""
        t = np.array([0.002, 0.01])
        np.testing.assert_allclose(slab(1e-6, t, 60e-6), half_space(1e-6, t), rtol=1e-9)
        sand = X0 - (1 - X0) * 2 * K * np.sqrt(D * t / np.pi)
        np.testing.assert_allclose(half_space(0, t) - X0, sand - X0, rtol=0.03)

    def test_half_space(self):
        """Composition at the bottom over time: error of the fall of x, first order in cells and
        steps.
        """
        height, end, errors = 200e-6, 0.2, []
        for turn in range(3):
            cells = 100 * 2 ** turn
            t, x = bottom(height, cells, 1.6e-4 / 4 ** turn, end)
            exact = half_space(height / cells / 2, t)
            late = t > end / 20
            errors.append(np.max(np.abs(x - exact)[late] / (X0 - exact[late])))
        orders = np.log2(np.array(errors[:-1]) / errors[1:])
        print(f"half space: errors of the fall of x {errors}, orders {orders}")
        self.assertLess(errors[-1], 6e-3)
        self.assertTrue(np.all(orders > 0.9), orders)

    def test_time_to_the_liquidus(self):
        """A slab as high as that of the tutorial, until solid K is stable at its bottom."""
        height, cells = 32e-6, 64
        z, goal = height / cells / 2, liquidus()
        exact = brentq(lambda t: slab(z, t, height) - goal, 1e-3, 10)
        t, x = bottom(height, cells, 1e-4, 1.2 * exact)
        found = np.interp(-goal, -x, t)
        sand = np.pi / D * ((X0 - goal) / (2 * K * (1 - X0))) ** 2
        print(f"slab: liquidus {goal:.4f} after {found:.5f} s, exactly {exact:.5f} s (Sand's law {sand:.3f} s)")
        self.assertLess(abs(found / exact - 1), 2e-3)

    def test_onset_of_potassium(self):
        """tutorial/depletion_2d: its first nucleus comes when one is expected of the exact
        solution.
        """
        height, z, area, sites, every = 32e-6, 0.25e-6, 32e-6 * 1e-6, 1e14, 0.01
        slots = every * np.arange(1, 200)
        x = slab(z, slots, height)
        slots, x = slots[x > 0.02], x[x > 0.02]
        expected = np.cumsum([sites * area * every * boltzmann(value, 30) for value in x])
        run = march("march.end=1.15 s", deck=nakrun.DECKS / "tutorial/depletion_2d.yaml")
        first = run["time_s"][run["nuclei"] > 0][0]  # there must be one
        count = np.interp(first, slots, expected)
        print(f"onset of K: {first:.3f} s, when {count:.2f} nuclei are expected (one after "
              f"{np.interp(1, expected, slots):.3f} s; the liquidus is reached after 0.716 s)")
        self.assertTrue(0.02 < count < 4, count)  # 96 % of all seeds


if __name__ == "__main__":
    unittest.main(verbosity=2)
