#!/usr/bin/env python3
"""One-dimensional reference solution: interphase, face and reservoir of a Na-K anode.

It shares nothing with nakfield but the equations of docs/model.md.  The interphase is a single
Legendre spectral element, the alloy above it a well-mixed reservoir, and the thermodynamics is
written out once more.  Time is integrated by SciPy's BDF or Radau at tight tolerances, or by an
extrapolated linearly implicit Euler method, which is fast enough for pulse trains.  Everything is
SI inside; positive current strips Na.

  nak1d.py --protocol staircase --potassium 50
  nak1d.py --protocol constant --current 1 --format csv
  nak1d.py --protocol pulses --current 1 --on 1 --off 5
  nak1d.py --protocol steps --steps '[[0.4, 3600], [0, 30], [-0.4, 3600]]' --spectrum
"""
import argparse
import csv
import dataclasses
import json
import math
import sys

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq, fsolve, nnls

FARADAY, GAS, BOLTZMANN_EV = 96485.33212, 8.314462618, 8.617333262e-5
MOLAR_MASS = {"Na": 22.98977e-3, "K": 39.0983e-3}
V_NA, V_K, V_EXCESS = 24.34e-6, 46.8e-6, -1.65e-6  # [m3/mol]
MA_CM2, MAH_CM2, OHM_CM2 = 10.0, 36000.0, 1e-4  # in A/m2, C/m2, ohm m2
ROOM = 298.15  # [K] at which rates are given
LEAST_SHARE = 1e-30  # of the face that the K film never covers
FULL_CONTACT = 1e-6  # film resistance over that of the interphase, in place of none
CORNER = 0.5e-3  # [V] over which the barrier's corner is rounded, to either side
FILM_WIDTH, ONSET_WIDTH = 0.1, 0.1  # relative widths below u_K and beyond the onset of filaments


# ---- Thermodynamics, J/mol, reference bcc ----


def liquid(x, T):
    """Chemical potentials (Na, K) of the liquid."""
    l0, l1 = liquid_mixing(T)
    na = 2581.020 - 6.952180 * T - 2.76132e-18 * T**7
    k = 2318.096 - 6.886859 * T - 9.44e-19 * T**7
    return solution(x, GAS * T, l0, l1, na, k)


def liquid_mixing(T):
    return 2957.0 - 1.0354 * T, 375.3 + 0.7772 * T


def solid(x, T):
    """Chemical potentials (Na, K) of the bcc solid solution."""
    return solution(x, GAS * T, 7527.0, 1838.0, 0.0, 0.0)


def solution(x, rt, l0, l1, pure_na, pure_k):
    """Partial molar Gibbs energies of x(1-x)[l0 + l1(2x-1)] on top of ideal mixing."""
    y = 1.0 - x
    na = pure_na + rt * math.log(x) + y * y * (l0 + l1 * (4.0 * x - 1.0))
    k = pure_k + rt * math.log(y) + x * x * (l0 + l1 * (4.0 * x - 3.0))
    return na, k


def liquidus(T, guess):
    """Mole fraction of Na in the liquid beside the solid that `guess` = (liquid, solid) is near."""

    def mismatch(z):
        x = 1.0 / (1.0 + np.exp(-z))
        a, b = liquid(x[0], T), solid(x[1], T)
        return [a[0] - b[0], a[1] - b[1]]

    start = [math.log(g / (1.0 - g)) for g in guess]
    z, _, flag, message = fsolve(mismatch, start, full_output=True, xtol=1e-12)
    if flag != 1:
        raise RuntimeError(f"no liquidus at {T} K: {message}")
    return 1.0 / (1.0 + math.exp(-z[0]))


def compound_liquidus(T):
    """Mole fraction of Na of the liquid beside Na2K, on its side of K; 1 where Na2K would melt."""

    def excess(x):
        na, k = liquid(x, T)
        return (2 * na + k) / 3 - (-50.9 - 0.9199 * T)

    return brentq(excess, 1e-3, 2 / 3) if excess(2 / 3) > 0 else 1.0


def lines(T):
    """Liquidus of K (0 above its melting point), of bcc Na, and the leaner one of Na and Na2K."""
    k = liquidus(T, (0.14, 0.03)) if T < 336.3 else 0.0
    na = liquidus(T, (0.70, 0.985)) if T < 370.0 else 1.0
    return k, na, min(na, compound_liquidus(T))


def ocv(x, T):
    """Potential of the liquid against bcc Na [V]."""
    return -liquid(x, T)[0] / FARADAY


def fraction_na(potassium_wt):
    """Mole fraction of Na at `potassium_wt` per cent of K by weight."""
    k = potassium_wt / 100.0 / MOLAR_MASS["K"]
    na = (1.0 - potassium_wt / 100.0) / MOLAR_MASS["Na"]
    return na / (na + k)


# ---- Rounded corners: value and slope ----


def smoothstep(x):
    if x <= 0 or x >= 1:
        return (0.0 if x <= 0 else 1.0), 0.0
    return x * x * (3 - 2 * x), 6 * x * (1 - x)


def negative_part(x):
    """min(0, x), its corner a parabola between -CORNER and CORNER."""
    if abs(x) < CORNER:
        return -((x - CORNER) ** 2) / (4 * CORNER), (CORNER - x) / (2 * CORNER)
    return (x, 1.0) if x < 0 else (0.0, 0.0)


def nucleated(g, nucleus):
    """0 for a deposit g up to half of the smallest nucleus, 1 from the nucleus on, and the slope.
    """
    s, ds = smoothstep(2 * g / nucleus - 1)
    return s, 2 * ds / nucleus


# ---- The cell ----


@dataclasses.dataclass
class Cell:
    """Parameters, SI, at 25 C; the defaults are those of the solver."""

    potassium: float = 50.0  # [wt%]
    reference_potassium: float = 50.0  # [wt%]
    temperature: float = ROOM
    volume: float = 40e-9
    area: float = 0.385e-4
    series_resistance: float = 250 * OHM_CM2  # in all: grains, the resolved ones too, and boundaries
    grain_boundary_resistance: float = 100 * OHM_CM2
    grain_boundary_capacitance: float = 1e-4  # [F/m2]
    pellet_thickness: float = 1.5e-3
    limiting_current: float = 0.73 * MA_CM2
    diffusion_time: float = 7.5
    exponent: float = 2.35
    over_limit_resistance: float = 7000 * OHM_CM2  # 0: none
    film_rate: float = 8e-5
    film_dissolution_time: float = 3600.0
    free_share: float = 1.0  # at the start
    charge_transfer_resistance: float = 50 * OHM_CM2
    symmetry: float = 0.5
    double_layer: float = 0.2e-2  # [F/m2]
    adlayer_charge: float = 1.6  # [C/m2]
    adlayer_constant: float = 1.0
    deposit_barrier: float = 18e-3
    deposit_resistance: float = 5 * OHM_CM2
    deposit_cover: float = 0.10 * MAH_CM2
    nucleus: float = 1e-5 * MAH_CM2  # [C/m2] of the smallest deposit that lasts
    trace_time: float = 10.0  # [s] in which less dissolves
    filament_onset: float = 0.12 * MAH_CM2
    filament_rate: float = 2e-7
    voltage_max: float = 3.0
    voltage_min: float = -math.inf
    solids: str = "equilibrium"  # or "supercooled"
    energy_grains: float = 0.30  # [eV], as all the others
    energy_grain_boundaries: float = 0.40
    energy_exchange: float = 0.40
    energy_diffusion: float = 0.15
    energy_film: float = 0.15
    energy_realloying: float = 0.30
    energy_over_limit: float = 0.40
    partition_enthalpy: float = 0.0
    nodes: int = 24

    def __post_init__(self):
        T = self.temperature
        self.f = FARADAY / (GAS * T)
        self.x0 = fraction_na(self.potassium)
        x_ref = fraction_na(self.reference_potassium)
        self.r0, self.r_ref = self.x0 / (1 - self.x0), x_ref / (1 - x_ref)
        molar = self.x0 * V_NA + (1 - self.x0) * V_K + V_EXCESS * self.x0 * (1 - self.x0)
        self.q0 = FARADAY * self.x0 / molar * self.volume / self.area
        self.apply_temperature(T)
        self.apply_phases(T)
        self.weights, self.stiffness = element(self.nodes)

    def faster(self, energy):
        """Arrhenius factor of a rate against 25 C."""
        return math.exp(-energy / BOLTZMANN_EV * (1 / self.temperature - 1 / ROOM))

    def apply_temperature(self, T):
        """Rates at T.  The charge that the interphase holds at u = 1 does not depend on T."""
        at_room = GAS * ROOM / FARADAY / self.charge_transfer_resistance
        self.i0 = at_room * self.faster(self.energy_exchange)
        self.i_lim = self.limiting_current * self.faster(self.energy_diffusion)
        self.tau = self.diffusion_time / self.faster(self.energy_diffusion)
        self.k_film = self.film_rate * self.faster(self.energy_film)
        self.k_dissolve = self.faster(self.energy_realloying) / self.film_dissolution_time
        over = self.over_limit_resistance
        self.g_over = self.faster(self.energy_over_limit) / over if over > 0 else 0.0
        grains = self.series_resistance - self.grain_boundary_resistance
        cold, boundaries = T / ROOM, self.grain_boundary_resistance
        self.r_boundaries = boundaries * cold / self.faster(self.energy_grain_boundaries)
        self.ohm = grains * cold / self.faster(self.energy_grains) + self.r_boundaries
        self.partition = self.faster(self.partition_enthalpy)

    def apply_phases(self, T):
        """What the liquid of a partly solid alloy can hold, and where solid K begins."""
        k, _, top = lines(T)
        self.r_k = k / (1 - k)
        self.r_top = top / (1 - top) if top < 1 else math.inf
        if self.solids == "supercooled":
            self.r_least, self.r_most = 0.0, math.inf
        else:
            self.r_least, self.r_most = self.r_k, self.r_top
        self.u_k = self.partition * (self.r_k / self.r_ref) ** self.exponent

    def alloy(self, charge):
        """(ln u, its slope over charge, E_eq, its slope) of the alloy that has lost `charge`
        [C/m2].
        """
        left = max(1e-12, 1.0 - charge / self.q0)
        r, slope = self.r0 * left, -1.0 / (self.q0 * left)
        if not self.r_least <= r <= self.r_most:
            r, slope = min(max(r, self.r_least), self.r_most), 0.0
        w = math.log(self.partition) + self.exponent * math.log(r / self.r_ref)
        e, de = self.equilibrium(w)
        return w, self.exponent * slope, e, de * self.exponent * slope

    def equilibrium(self, w):
        """OCV of the alloy in equilibrium with u = e^w, and its slope over w."""
        log_r = math.log(self.r_ref) + (w - math.log(self.partition)) / self.exponent
        r = math.exp(min(log_r, 300.0))
        x, y = r / (1 + r), 1 / (1 + r)
        log_x = -math.log1p(1 / r) if r > 1 else log_r - math.log1p(r)
        T = self.temperature
        l0, l1 = liquid_mixing(T)
        pure = 2581.020 - 6.952180 * T - 2.76132e-18 * T**7
        mu = pure + GAS * T * log_x + y * y * (l0 + l1 * (4 * x - 1))
        over_log_r = y * (GAS * T + x * y * (-2 * (l0 + l1 * (4 * x - 1)) + 4 * y * l1))
        return -mu / FARADAY, -over_log_r / (FARADAY * self.exponent)

    def reaction(self, w, potential):
        """Charge transfer of the whole face [A/m2] and its slopes over w = ln u and E."""
        e, de = self.equilibrium(w)
        eta, a = self.f * (potential - e), self.symmetry
        forward = self.i0 * math.exp(min(w + a * eta, 200.0))
        backward = self.i0 * math.exp(min(w - (1 - a) * eta, 200.0))
        over_e = self.f * (a * forward + (1 - a) * backward)
        return forward - backward, forward - backward - over_e * de, over_e

    def film_growth(self, w):
        """(growth, dissolution) rates of the K film and their slopes over w = ln u."""
        u = math.exp(w)
        if u <= self.u_k:
            s, ds = smoothstep((1 - u / self.u_k) / FILM_WIDTH)
            return self.k_film * s, -self.k_film * ds * u / self.u_k / FILM_WIDTH, 0.0, 0.0
        k = self.k_dissolve
        return 0.0, 0.0, k * (1 - self.u_k / u), k * self.u_k / u

    def plating(self, potential, g):
        """Current of the deposit g [C/m2] (positive: it dissolves), its slopes over E and g.

        From the smallest nucleus on a share 1 - exp(-g/cover) of the face is pinned; less than that
        pins nothing and dissolves at whatever potential.
        """
        n, dn = nucleated(g, self.nucleus)
        rest = math.exp(-n * g / self.deposit_cover)
        s, ds = 1 - rest, rest * (n + g * dn) / self.deposit_cover
        m, dm = negative_part(potential + self.deposit_barrier)
        r, t = self.deposit_resistance, self.trace_time
        return (
            (s * potential + (1 - s) * m) / r + g * (1 - n) / t,
            (s + (1 - s) * dm) / r,
            ds * (potential - m) / r + (1 - n - g * dn) / t,
        )

    def adlayer(self, potential):
        """Charge of the adlayer on a free face, q_m Theta, and its first two derivatives in E."""
        theta = 1 / (1 + math.exp(min(self.f * potential, 300.0)) / self.adlayer_constant)
        q = self.adlayer_charge * theta
        return q, -self.f * q * (1 - theta), self.f**2 * q * (1 - theta) * (1 - 2 * theta)


def element(order):
    """Gauss-Lobatto-Legendre weights and stiffness matrix on [0, 1], node 0 at the electrolyte."""
    p = np.polynomial.legendre.Legendre.basis(order)
    x = np.concatenate(([-1.0], np.sort(p.deriv().roots().real), [1.0]))
    at = p(x)
    w = 2.0 / (order * (order + 1) * at**2)
    gap = x[:, None] - x[None, :] + np.eye(order + 1)
    d = at[:, None] / at[None, :] / gap
    np.fill_diagonal(d, 0.0)
    d[0, 0], d[-1, -1] = -order * (order + 1) / 4.0, order * (order + 1) / 4.0
    stiffness = 2.0 * d.T @ (w[:, None] * d)
    return w / 2.0, stiffness - np.diag(stiffness.sum(axis=1))


# ---- State: ln u at the face, u[1..n] up to the top | E | ln b | charge | deposit | filament ----


class Model:
    """The equations as y' = f(t, y) at one current, and the Jacobian.

    The free share b and u at the face fall by many decades: their logarithms are integrated.
    `charge` is all Na that has left through reaction and over-limit path, `deposit` F Gamma.
    """

    def __init__(self, cell):
        self.cell = cell
        n = self.n = cell.nodes
        self.E, self.B, self.Q, self.G, self.L = range(n + 1, n + 6)
        self.size = n + 6
        self.diffusion = -cell.stiffness / (cell.tau * cell.weights[:, None])
        self.holds = cell.i_lim * cell.tau * cell.weights[0]
        self.supply = 1 / (cell.tau * cell.weights[n])

    def start(self):
        cell, y = self.cell, np.zeros(self.size)
        w, _, e, _ = cell.alloy(0.0)
        y[: self.n + 1] = math.exp(w)
        y[0], y[self.E], y[self.B] = w, e, math.log(cell.free_share)
        return y

    def filament(self, g):
        """Share of the rate at which filaments grow, and its slope."""
        onset = self.cell.filament_onset
        x = (g / onset - 1) / ONSET_WIDTH
        return (min(max(x, 0.0), 1.0), 1 / (ONSET_WIDTH * onset) if 0 < x < 1 else 0.0)

    def rate(self, y, current):
        cell, n = self.cell, self.n
        w, e, B, g = y[0], y[self.E], y[self.B], y[self.G]
        b = math.exp(B)
        alloy_w, _, alloy_e, _ = cell.alloy(y[self.Q])
        alloy_u = math.exp(alloy_w)
        u = y[: n + 1].copy()
        u[0] = math.exp(w)
        dy = np.zeros(self.size)
        dy[: n + 1] = self.diffusion @ u
        i = b * cell.reaction(w, e)[0]
        over = b * alloy_u * (e - alloy_e) * cell.g_over
        plated = cell.plating(e, g)[0]
        dy[n] += self.supply * (alloy_u - u[n]) / (1 / b - 1 + FULL_CONTACT)
        dy[0] = (dy[0] - i / self.holds) / u[0]
        dy[self.B] = self.film(w, b)[0]
        layer, slope, _ = cell.adlayer(e)
        push = current - i - over - plated + layer * b * dy[self.B]
        dy[self.E] = push / (cell.double_layer - b * slope)
        dy[self.Q], dy[self.G] = i + over, -plated
        total = i + over + plated
        dy[self.L] = cell.filament_rate * -total * self.filament(g)[0] if total < 0 else 0.0
        return dy

    def film(self, w, b):
        """d ln b/dt and its slopes over ln u and ln b."""
        grow, dgrow, dissolve, ddissolve = self.cell.film_growth(w)
        least, covered = 1 - LEAST_SHARE / b, 1 / b - 1
        return (dissolve * covered - grow * least, ddissolve * covered - dgrow * least,
                -dissolve / b - grow * LEAST_SHARE / b)

    def jacobian(self, y, current):
        cell, n = self.cell, self.n
        E, B, Q, G, L = self.E, self.B, self.Q, self.G, self.L
        w, e, g = y[0], y[E], y[G]
        b, u0 = math.exp(y[B]), math.exp(w)
        alloy_w, dalloy_w, alloy_e, dalloy_e = cell.alloy(y[Q])
        alloy_u = math.exp(alloy_w)
        i, i_w, i_e = (b * v for v in cell.reaction(w, e))
        over, over_e = b * alloy_u * (e - alloy_e) * cell.g_over, b * alloy_u * cell.g_over
        over_q = over * dalloy_w - over_e * dalloy_e
        plated, plated_e, plated_g = cell.plating(e, g)
        J = np.zeros((self.size, self.size))
        J[: n + 1, : n + 1] = self.diffusion
        J[:, 0] *= u0
        # the top
        rho = 1 / b - 1 + FULL_CONTACT
        J[n, n] -= self.supply / rho
        J[n, B] = self.supply * (alloy_u - y[n]) / (rho * rho * b)
        J[n, Q] = self.supply * alloy_u * dalloy_w / rho
        # the face
        flow = float(self.diffusion[0, 1:] @ y[1 : n + 1]) - i / self.holds
        J[0, : n + 1] /= u0
        J[0, 0] = -(flow + i_w / self.holds) / u0
        J[0, E], J[0, B] = -i_e / self.holds / u0, -i / self.holds / u0
        # film
        film, film_w, film_b = self.film(w, b)
        J[B, 0], J[B, B] = film_w, film_b
        # potential
        layer, dlayer, ddlayer = cell.adlayer(e)
        c = cell.double_layer - b * dlayer
        push = current - i - over - plated + layer * b * film
        J[E, 0] = (-i_w + layer * b * film_w) / c
        J[E, E] = (-i_e - over_e - plated_e + dlayer * b * film) / c + push * b * ddlayer / (c * c)
        J[E, B] = (-i - over + layer * b * (film + film_b)) / c + push * b * dlayer / (c * c)
        J[E, Q], J[E, G] = -over_q / c, -plated_g / c
        # sums
        J[Q, 0], J[Q, E], J[Q, B], J[Q, Q] = i_w, i_e + over_e, i + over, over_q
        J[G, E], J[G, G] = -plated_e, -plated_g
        total = i + over + plated
        if total < 0:
            share, dshare = self.filament(g)
            k = -cell.filament_rate
            slopes = i_w, i_e + over_e + plated_e, i + over, over_q, plated_g
            J[L, [0, E, B, Q, G]] = k * share * np.array(slopes)
            J[L, G] += k * dshare * total
        return J

    def scales(self):
        """Size of each unknown, to which a tolerance is relative."""
        s = np.ones(self.size)
        s[0] = s[self.B] = 1.0
        s[self.E] = 1 / self.cell.f
        s[self.Q], s[self.G] = 1e-3 * self.cell.q0, self.cell.nucleus
        s[self.L] = 1e-2 * self.cell.pellet_thickness
        return s

    def voltage(self, y, current):
        return y[self.E] + current * self.cell.ohm

    def shorted(self, y):
        return y[self.L] >= self.cell.pellet_thickness

    def record(self, t, y, current, passed):
        b, (i, _, _) = math.exp(y[self.B]), self.cell.reaction(y[0], y[self.E])
        alloy_w, _, alloy_e, _ = self.cell.alloy(y[self.Q])
        return {
            "time": t,
            "current": current,
            "temperature": self.cell.temperature,
            "voltage": self.voltage(y, current),
            "charge": passed,
            "u_face": math.exp(y[0]),
            "free": b,
            "film": 0.0 - math.expm1(y[self.B]),
            "deposit": y[self.G],
            "filament": y[self.L],
            "potential": y[self.E],
            "reaction": b * i,
            "over_limit": b * math.exp(alloy_w) * (y[self.E] - alloy_e) * self.cell.g_over,
            "reacted": y[self.Q],
        }


# ---- Time, by SciPy ----


def hold(model, y, t, current, duration, passed=0.0, method="BDF", rtol=1e-6, rows=100):
    """Hold one current; returns records, the last state and why it ended ('' for its time)."""
    cell = model.cell
    if not cell.voltage_min <= model.voltage(y, current) <= cell.voltage_max:
        return [model.record(t, y, current, passed)], y, "voltage"

    def high(_, z):
        return model.voltage(z, current) - cell.voltage_max

    def low(_, z):
        return model.voltage(z, current) - max(cell.voltage_min, -1e3)

    def short(_, z):
        return z[model.L] - cell.pellet_thickness

    def rate(_, z):
        """Not a number beyond all floats, which SciPy takes for a step that failed."""
        try:
            return model.rate(z, current)
        except OverflowError:
            return np.full_like(z, math.nan)

    for event in (high, low, short):
        event.terminal = True
    result = solve_ivp(
        rate, (0, duration), y, method=method,
        jac=lambda _, z: model.jacobian(z, current), events=[high, low, short],
        max_step=duration / rows if rows else math.inf,
        rtol=rtol, atol=0.1 * rtol * model.scales(),
    )
    if result.status < 0:
        raise RuntimeError(result.message)
    rows = zip(result.t, result.y.T)
    records = [model.record(t + s, z, current, passed + current * s) for s, z in rows]
    why = "" if result.status == 0 else "short" if len(result.t_events[2]) else "voltage"
    return records, result.y[:, -1], why


def at_temperature(model, y, kelvin):
    """The model and the state after a change of temperature at once: contents and charges stay."""
    cell = dataclasses.replace(model.cell, temperature=kelvin)
    b, e = math.exp(y[model.B]), y[model.E]
    charge = model.cell.double_layer * e - b * model.cell.adlayer(e)[0]

    def excess(v):
        return cell.double_layer * v - b * cell.adlayer(v)[0] - charge

    z = y.copy()
    z[model.E] = brentq(excess, e - 1.0, e + 1.0, xtol=1e-15)
    return Model(cell), z


def run_steps(cell, steps, method="BDF", rtol=1e-6, rows=100, state=None):
    """A list of (current, duration), or (current, duration, temperature) where that changes.

    Stops where the voltage leaves its limits or the cell shorts.  A ramp is many short steps.
    """
    model = Model(cell)
    y, t, passed, table, reports = model.start() if state is None else state, 0.0, 0.0, [], []
    why = ""
    for current, duration, *kelvin in steps:
        if kelvin and kelvin[0] != model.cell.temperature:
            model, y = at_temperature(model, y, kelvin[0])
        if method == "extrapolation":
            records, y, why = Stepper(model, rtol).hold(y, t, current, duration, passed)
        else:
            records, y, why = hold(model, y, t, current, duration, passed, method, rtol, rows)
        table += records
        t, passed = records[-1]["time"], records[-1]["charge"]
        reports.append(records[-1])
        if why:
            break
    return {"end": why or "duration", "table": table, "steps": reports, "state": y, **table[-1]}


def staircase(first, last, step, duration):
    count = int(round((last - first) / step)) + 1
    return [(first + step * i, duration) for i in range(count)]


# ---- Time, by extrapolation ----


class Stepper:
    """Linearly implicit Euler with 1, 2, 3 substeps, extrapolated to order 3.

    Its Jacobian is exact and nothing is remembered from step to step, so switches cost nothing.
    """

    COUNTS = (1, 2, 3)

    def __init__(self, model, tolerance=1e-4):
        self.model, self.tolerance = model, tolerance
        self.scales, self.eye = model.scales(), np.eye(model.size)
        self.hints, self.steps = {}, 0

    def step(self, y, current, h):
        """The state after h and its error over the tolerance."""
        rate = self.model.rate
        f0, J = rate(y, current), self.model.jacobian(y, current)
        inverses = np.linalg.inv(np.stack([self.eye / (h / n) - J for n in self.COUNTS]))
        columns = []
        for n, inverse in zip(self.COUNTS, inverses):
            z = y + inverse @ f0
            for _ in range(n - 1):
                z = z + inverse @ rate(z, current)
            columns.append(z)
        a, b, c = columns
        b2, c2 = 2 * b - a, 3 * c - 2 * b
        last = c2 + (c2 - b2) / 2
        error = np.max(np.abs(last - c2) / (self.scales + np.abs(last)))
        return last, error / self.tolerance

    def attempt(self, y, current, h):
        try:
            z, error = self.step(y, current, h)
        except (OverflowError, ValueError, np.linalg.LinAlgError):
            return y, math.inf
        return (z, error) if np.isfinite(error) else (y, math.inf)

    def advance(self, y, current, duration, each=None):
        """The state after `duration`, and the time when the voltage or a short ended it, or None.
        """
        t, h, first = 0.0, self.hints.get(current, 1e-6), True
        while t < duration * (1 - 1e-12):
            h = min(h, duration - t)
            z, error = self.attempt(y, current, h)
            if error <= 1:
                self.steps += 1
                if first:
                    self.hints[current], first = h, False
                if self.over(z, current):
                    return self.end(y, current, t, h)
                y, t = z, t + h
                if each:
                    each(t, y)
            elif h < 1e-12:
                raise RuntimeError("the step has become too short")
            h *= min(4.0, max(0.1, 0.85 / (error + 1e-9) ** (1 / 3)))
        return y, None

    def over(self, y, current):
        cell, volts = self.model.cell, self.model.voltage(y, current)
        return volts > cell.voltage_max or volts < cell.voltage_min or self.model.shorted(y)

    def end(self, y, current, t, h):
        """Where in (t, t + h) the run ends, by halving."""
        low, high = 0.0, h
        while high - low > 1e-4 * h:
            middle = 0.5 * (low + high)
            over = self.over(self.attempt(y, current, middle)[0], current)
            low, high = (low, middle) if over else (middle, high)
        return self.attempt(y, current, high)[0], t + high

    def hold(self, y, t, current, duration, passed):
        """As the function hold()."""
        model = self.model
        rows = [(0.0, y)]
        if self.over(y, current):
            return [model.record(t, y, current, passed)], y, "voltage"
        y, when = self.advance(y, current, duration, lambda s, z: rows.append((s, z)))
        if when is not None:
            rows.append((when, y))
        records = [model.record(t + s, z, current, passed + current * s) for s, z in rows]
        return records, y, "" if when is None else "short" if model.shorted(y) else "voltage"


class Train:
    """Pulses with rests; `leap` moves the slow unknowns, which are the charge and the free share.
    """

    def __init__(self, cell, current, on, off, tolerance):
        self.model = Model(cell)
        self.stepper = Stepper(self.model, tolerance)
        self.current, self.on, self.off = current, on, off

    def turn(self, y):
        """One pulse and its rest."""
        if self.stepper.over(y, self.current):
            return y, 0.0
        y, when = self.stepper.advance(y, self.current, self.on)
        if when is None and self.off > 0:
            y, _ = self.stepper.advance(y, 0.0, self.off)
        return y, when

    def turns(self, y, count):
        """Up to `count` turns: state, drift of (charge, ln b), turns done, time of the end or None.
        """
        slow, drift = [self.model.Q, self.model.B], np.zeros(2)
        for i in range(count):
            z, when = self.turn(y)
            if when is not None:
                return z, drift, i, when
            y, drift = z, z[slow] - y[slow]
        return y, drift, count, None

    def leap(self, y, charge, log_share):
        """The slow unknowns moved; the profile is scaled to the new top."""
        model, z = self.model, y.copy()
        ratio = model.cell.alloy(y[model.Q] + charge)[0] - model.cell.alloy(y[model.Q])[0]
        z[0] += ratio
        z[1 : model.n + 1] *= math.exp(ratio)
        z[model.Q] += charge
        z[model.B] = min(z[model.B] + log_share, 0.0)
        return z

    def settle(self, y):
        """Turns after which the fast unknowns follow the slow ones."""
        cell = self.model.cell
        longest = cell.tau * (0.5 + 1 / math.exp(y[self.model.B]) - 1)
        return max(4, math.ceil(4 * longest / (self.on + self.off)))


def pulses(cell, current, on, off, count, jump=0.02, tolerance=1e-4):
    """A pulse train that skips pulses where only the slow unknowns move.

    After each jump the turns are run in full until the drift has settled; then the slow unknowns
    are corrected to the trapezoidal rule.  `jump` bounds their change: of the charge relative to
    Q_0, of ln b, and (a tenth of it) the correction.  A jump past the end is taken back and
    quartered.
    """
    train = Train(cell, current, on, off, tolerance)
    y, done, room, saved, run = train.model.start(), 0, jump, None, 0
    while True:
        settle = train.settle(y)
        y, drift, turned, when = train.turns(y, min(settle, count - done))
        done, run = done + turned, run + turned
        miss = math.inf if when is not None else 0.0
        if saved is not None and saved[3] > 0:
            miss = miss or abs(drift[1] - saved[1][1]) * saved[3] / 2 / (0.1 * jump)
        if miss > 1 and saved is not None and saved[3] > 0:
            y, drift, done, skip = saved
            room, skip, when = room / 4, skip // 4, None
        elif when is not None or done >= count:
            break
        else:
            if saved is not None:
                y = train.leap(y, 0.0, (drift[1] - saved[1][1]) * saved[3] / 2)
                room = min(jump, room * (2 if miss < 0.25 else 1))
            skip = int(min(room * cell.q0 / abs(drift[0]), room / max(abs(drift[1]), 1e-12)))
        skip = max(0, min(skip if skip >= 4 else 0, count - done - settle))
        saved = (y, drift, done, skip)
        y, done = train.leap(y, skip * drift[0], skip * drift[1]), done + skip
    t, passed = done * (on + off) + (when or 0.0), current * (done * on + (when or 0.0))
    last = train.model.record(t, y, 0.0 if when is None else current, passed)
    end = "duration" if when is None else "short" if train.model.shorted(y) else "voltage"
    return {"end": end, "pulses": done, "run": run, "state": y, **last}


# ---- Spectra ----


def spectrum(cell, y, frequencies, current):
    """Impedance [ohm m2] of the frozen state y at `current`: (i w M + A) dU = e_E.

    U holds u at the face and b themselves, and the row of E is that of the charge q(E, b).
    """
    model = Model(cell)
    n, E, B = model.n, model.E, model.B
    J, dy = model.jacobian(y, current), model.rate(y, current)
    u0, b = math.exp(y[0]), math.exp(y[B])
    layer, slope, curve = cell.adlayer(y[E])
    c = cell.double_layer - b * slope
    push = c * dy[E]
    row = c * J[E]
    row[E] -= dy[E] * b * curve
    row[B] -= dy[E] * b * slope
    # d/dt of plain u and b from those of their logarithms
    J[0], J[B] = u0 * J[0], b * J[B]
    J[0, 0] += u0 * dy[0]
    J[B, B] += b * dy[B]
    # the row of q: c dE/dt - layer db/dt
    J[E] = row - layer * J[B]
    J[E, E] -= slope * b * dy[B]
    J[:, 0] /= u0
    J[:, B] /= b
    M = np.eye(model.size)
    M[E, E], M[E, B] = c, -layer
    drive = np.zeros(model.size)
    drive[E] = 1.0
    omega = 2 * math.pi * np.asarray(frequencies, dtype=float)
    face = np.array([np.linalg.solve(1j * s * M - J, drive)[E] for s in omega])
    time = cell.r_boundaries * cell.grain_boundary_capacitance
    boundaries = cell.r_boundaries / (1 + 1j * omega * time)
    return face + cell.ohm - cell.r_boundaries + boundaries


def relaxation_times(frequencies, z, penalty=1e-3, tau=None):
    """tau [s] and gamma [unit of z], smooth and >= 0: Z = R + int gamma/(1 + i w tau) d ln tau."""
    omega = 2 * math.pi * np.asarray(frequencies)
    if tau is None:  # to a decade beyond the frequencies
        lo, hi = -math.log10(omega.max()) - 1, -math.log10(omega.min()) + 1
        tau = np.logspace(lo, hi, int((hi - lo) * 20) + 1)
    d = math.log(tau[1] / tau[0])
    kernel = d / (1 + 1j * omega[:, None] * tau[None, :])
    slope = np.diff(np.eye(len(tau) + 2), axis=0)[:, 1:-1] * math.sqrt(penalty / d)  # 0 beyond the ends
    one, none = np.ones((len(omega), 1)), np.zeros((len(omega) + len(tau) + 1, 1))
    A = np.vstack([np.hstack([one, kernel.real]), np.hstack([none, np.vstack([kernel.imag, slope])])])
    rhs = np.concatenate([z.real, z.imag, np.zeros(len(tau) + 1)])
    fit, _ = nnls(A, rhs, maxiter=100 * A.shape[1])
    return tau, fit[1:]


def arcs(tau, gamma, least=0.02):
    """Peaks of gamma: (time, area between the valleys beside it); above `least` of the highest."""
    d = math.log(tau[1] / tau[0])
    padded = np.concatenate([[0.0], gamma, [0.0]])
    peaks = [i for i in range(len(tau)) if padded[i] < padded[i + 1] >= padded[i + 2]]
    peaks = [i for i in peaks if gamma[i] > least * gamma.max()]
    edges = [0] + [a + int(np.argmin(gamma[a : b + 1])) for a, b in zip(peaks, peaks[1:])] + [len(tau)]
    out = []
    for i, a, b in zip(peaks, edges, edges[1:]):
        out.append((summit(tau, gamma, i), float(gamma[a:b].sum() * d)))
    return out


def summit(tau, gamma, i):
    """The time of the peak at i, by a parabola through its neighbours."""
    if not 0 < i < len(tau) - 1:
        return float(tau[i])
    a, b, c = gamma[i - 1 : i + 2]
    shift = 0.5 * (a - c) / (a - 2 * b + c) if a - 2 * b + c < 0 else 0.0
    return float(tau[i] * (tau[1] / tau[0]) ** shift)


FREQUENCIES = np.logspace(math.log10(7e6), math.log10(5.0), 63)


def seen_arcs(cell, y, current, frequencies=FREQUENCIES):
    """(time [s], area [ohm cm2]) of the arcs within the experiment's frequencies."""
    z = spectrum(cell, y, frequencies, current) / OHM_CM2
    return arcs(*relaxation_times(frequencies, z))


# ---- Command line ----

OPTIONS = (  # option, field, unit in SI, help
    ("potassium", "potassium", 1.0, "wt%%"),
    ("reference-potassium", "reference_potassium", 1.0, "wt%%"),
    ("volume", "volume", 1e-9, "uL"),
    ("area", "area", 1e-4, "cm2"),
    ("series-resistance", "series_resistance", OHM_CM2, "ohm cm2 in all"),
    ("grain-boundary-resistance", "grain_boundary_resistance", OHM_CM2, "ohm cm2, of those"),
    ("grain-boundary-capacitance", "grain_boundary_capacitance", 1e-5, "nF/cm2"),
    ("pellet-thickness", "pellet_thickness", 1e-3, "mm"),
    ("limiting-current", "limiting_current", MA_CM2, "mA/cm2"),
    ("diffusion-time", "diffusion_time", 1.0, "s"),
    ("exponent", "exponent", 1.0, ""),
    ("over-limit-resistance", "over_limit_resistance", OHM_CM2, "ohm cm2; 0: none"),
    ("film-rate", "film_rate", 1.0, "1/s"),
    ("film-dissolution-time", "film_dissolution_time", 1.0, "s"),
    ("free-share", "free_share", 1.0, "share without K film at the start"),
    ("charge-transfer-resistance", "charge_transfer_resistance", OHM_CM2, "ohm cm2"),
    ("symmetry", "symmetry", 1.0, ""),
    ("double-layer", "double_layer", 0.01, "uF/cm2"),
    ("adlayer-charge", "adlayer_charge", 10.0, "mC/cm2"),
    ("adlayer-constant", "adlayer_constant", 1.0, ""),
    ("deposit-barrier", "deposit_barrier", 1e-3, "mV"),
    ("deposit-resistance", "deposit_resistance", OHM_CM2, "ohm cm2"),
    ("deposit-cover", "deposit_cover", MAH_CM2, "mAh/cm2"),
    ("nucleus", "nucleus", MAH_CM2, "mAh/cm2 of the smallest deposit that lasts"),
    ("trace-time", "trace_time", 1.0, "s in which less than that dissolves"),
    ("filament-onset", "filament_onset", MAH_CM2, "mAh/cm2"),
    ("filament-rate", "filament_rate", 1.0, "m/s per A/m2"),
    ("voltage-max", "voltage_max", 1.0, "V"),
    ("voltage-min", "voltage_min", 1.0, "V"),
    ("energy-grains", "energy_grains", 1.0, "eV"),
    ("energy-grain-boundaries", "energy_grain_boundaries", 1.0, "eV"),
    ("energy-exchange", "energy_exchange", 1.0, "eV"),
    ("energy-diffusion", "energy_diffusion", 1.0, "eV"),
    ("energy-film", "energy_film", 1.0, "eV"),
    ("energy-realloying", "energy_realloying", 1.0, "eV"),
    ("energy-over-limit", "energy_over_limit", 1.0, "eV"),
    ("partition-enthalpy", "partition_enthalpy", 1.0, "eV"),
)


def arguments(argv):
    p = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    for option, field, unit, note in OPTIONS:
        default = getattr(Cell, field) / unit
        p.add_argument("--" + option, dest=field, type=float, default=default, help=note)
    p.add_argument("--temperature", type=float, default=25.0, help="degC")
    p.add_argument("--solids", choices=("equilibrium", "supercooled"), default="equilibrium")
    p.add_argument("--nodes", type=int, default=24)
    p.add_argument("--protocol", choices=("staircase", "constant", "pulses", "steps"), required=True)
    p.add_argument("--steps", type=json.loads, help="[[mA/cm2, s], [mA/cm2, s, degC], ...]")
    p.add_argument("--current", type=float, default=1.0, help="mA/cm2; negative plates")
    p.add_argument("--capacity", type=float, default=math.inf, help="mAh/cm2 after which to stop")
    p.add_argument("--from", dest="first", type=float, default=0.05, help="mA/cm2")
    p.add_argument("--to", type=float, default=1.0, help="mA/cm2")
    p.add_argument("--step", type=float, default=0.01, help="mA/cm2")
    p.add_argument("--hold", type=float, default=40.0, help="s")
    p.add_argument("--on", type=float, default=1.0, help="s")
    p.add_argument("--off", type=float, default=5.0, help="s")
    p.add_argument("--count", type=int, default=200000)
    p.add_argument("--jump", type=float, default=0.02, help="bound of one leap over pulses")
    p.add_argument("--integrator", choices=("BDF", "Radau", "extrapolation"), default="BDF")
    p.add_argument("--tolerance", type=float, help="relative; 1e-6, of pulses 1e-4")
    p.add_argument("--spectrum", action="store_true", help="add spectrum and arcs of the end")
    p.add_argument("--format", choices=("json", "csv"), default="json")
    return p.parse_args(argv)


def cell_of(a):
    fields = {field: getattr(a, field) * unit for _, field, unit, _ in OPTIONS}
    return Cell(temperature=a.temperature + 273.15, solids=a.solids, nodes=a.nodes, **fields)


def steps_of(a, cell):
    if a.protocol == "staircase":
        return [(i * MA_CM2, t) for i, t in staircase(a.first, a.to, a.step, a.hold)]
    if a.protocol == "steps":
        if not a.steps:
            raise SystemExit("nak1d: the protocol `steps` needs --steps '[[mA/cm2, s], ...]'")
        return [(i * MA_CM2, t, *(c + 273.15 for c in celsius)) for i, t, *celsius in a.steps]
    if a.current == 0:
        raise SystemExit("nak1d: a constant current needs --current")
    longest = 2 * cell.q0 if math.isinf(a.capacity) else a.capacity * MAH_CM2
    return [(a.current * MA_CM2, longest / abs(a.current * MA_CM2))]


def solve(a, cell):
    if a.protocol == "pulses":
        return pulses(cell, a.current * MA_CM2, a.on, a.off, a.count, a.jump, a.tolerance or 1e-4)
    return run_steps(cell, steps_of(a, cell), a.integrator, a.tolerance or 1e-6)


def main(argv=None):
    a = arguments(argv)
    cell = cell_of(a)
    result = solve(a, cell)
    table, state = result.pop("table", []), result.pop("state")
    if a.format == "csv":
        out = csv.DictWriter(sys.stdout, fieldnames=list(table[0]) if table else ["time"])
        out.writeheader()
        out.writerows(table)
        return
    result["capacity_mAh_cm2"] = result["charge"] / MAH_CM2
    if a.spectrum:
        last = dataclasses.replace(cell, temperature=result["temperature"])
        z = spectrum(last, state, FREQUENCIES, result["current"]) / OHM_CM2
        result["spectrum"] = [[f, v.real, v.imag] for f, v in zip(FREQUENCIES, z)]
        result["arcs"] = arcs(*relaxation_times(FREQUENCIES, z))
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
