#!/usr/bin/env python3
"""One-dimensional reference solution: interphase, charge transfer and reservoir of a Na-K anode.

It shares nothing with nakfield but the equations of docs/model.md.  The interphase is a single
Legendre spectral element, time is integrated by BDF at tight tolerances, and the thermodynamics is
written out once more.  Everything is SI inside; positive current strips Na.

  nak1d.py --potassium 50 --protocol staircase
  nak1d.py --potassium 50 --protocol constant --current 1 --format csv
  nak1d.py --protocol pulses --current 1 --on 1 --off 5
  nak1d.py --protocol constant --current -0.7 --capacity 4
"""
import argparse
import csv
import dataclasses
import json
import math
import sys

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq, fsolve

FARADAY, GAS = 96485.33212, 8.314462618
MOLAR_MASS = {"Na": 22.98977e-3, "K": 39.0983e-3}
V_NA, V_K, V_EXCESS = 24.34e-6, 46.8e-6, -1.65e-6  # [m3/mol]
LEAST = 1e-60  # of u at the face, far beyond any cut-off
MA_CM2, MAH_CM2, OHM_CM2 = 10.0, 36000.0, 1e-4  # in A/m2, C/m2, ohm m2


# ---- Thermodynamics, J/mol, reference bcc ----


def liquid(x, T):
    """Chemical potentials (Na, K) of the liquid, and so the OCV."""
    t_ideal = GAS * T
    l0, l1 = 2957.0 - 1.0354 * T, 375.3 + 0.7772 * T
    na = 2581.020 - 6.952180 * T - 2.76132e-18 * T**7
    k = 2318.096 - 6.886859 * T - 9.44e-19 * T**7
    return solution(x, t_ideal, l0, l1, na, k)


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


def ocv(x, T):
    """Potential of the liquid against bcc Na [V]."""
    return -liquid(x, T)[0] / FARADAY


def fraction_na(potassium_wt):
    """Mole fraction of Na at `potassium_wt` per cent of K by weight."""
    k = potassium_wt / 100.0 / MOLAR_MASS["K"]
    na = (1.0 - potassium_wt / 100.0) / MOLAR_MASS["Na"]
    return na / (na + k)


# ---- The cell ----


@dataclasses.dataclass
class Cell:
    """Parameters, SI; the defaults are those of the solver."""

    potassium: float = 50.0  # [wt%]
    reference_potassium: float = 50.0  # [wt%]
    temperature: float = 298.15
    volume: float = 40e-9
    area: float = 0.385e-4
    series_resistance: float = 250 * OHM_CM2
    conductivity: float = 0.1
    electrolyte_thickness: float = 20e-6
    limiting_current: float = 0.7 * MA_CM2
    diffusion_time: float = 10.0
    exponent: float = 2.1
    film_rate: float = 1e-3
    film_dissolution_time: float = 3600.0
    charge_transfer_resistance: float = 50 * OHM_CM2
    symmetry: float = 0.5
    double_layer: float = 0.01  # [F/m2]
    deposit_rate: float = 1e4  # [A/m2] at twice the saturation: pins the face
    deposit_dissolution_time: float = 7200.0
    voltage_max: float = 3.0
    voltage_min: float = -math.inf
    nodes: int = 24

    def __post_init__(self):
        self.f = FARADAY / (GAS * self.temperature)
        self.x0 = fraction_na(self.potassium)
        x_ref = fraction_na(self.reference_potassium)
        self.r0, self.r_ref = self.x0 / (1 - self.x0), x_ref / (1 - x_ref)
        molar = self.x0 * V_NA + (1 - self.x0) * V_K + V_EXCESS * self.x0 * (1 - self.x0)
        self.q0 = FARADAY * self.x0 / molar * self.volume / self.area
        self.i0 = 1.0 / (self.f * self.charge_transfer_resistance)
        self.ohm = self.series_resistance + self.electrolyte_thickness / self.conductivity
        self.u_k = self.u_of(liquidus(self.temperature, (0.14, 0.03)))
        self.u_na = self.u_of(liquidus(self.temperature, (0.70, 0.985)))
        self.weights, self.stiffness = element(self.nodes)

    def u_of(self, x):
        """Interphase content in equilibrium with the alloy x."""
        return (x / (1 - x) / self.r_ref) ** self.exponent

    def u_top(self, charge):
        """At the alloy, once it has given off `charge` of Na [C/m2]."""
        return (self.r0 * max(1e-12, 1.0 - charge / self.q0) / self.r_ref) ** self.exponent

    def equilibrium(self, u):
        """OCV of the alloy in equilibrium with u."""
        r = self.r_ref * u ** (1.0 / self.exponent)
        return ocv(min(r / (1.0 + r), 1 - 1e-9), self.temperature)

    def reaction(self, u, potential, film):
        """Faradaic current [A/m2]."""
        eta = self.f * (potential - self.equilibrium(u))
        a = self.symmetry
        forward, backward = math.exp(min(a * eta, 100)), math.exp(min(-(1 - a) * eta, 100))
        return max(1 - film, 1e-9) * self.i0 * u * (forward - backward)

    def potential(self, u, current, film):
        """The inverse of reaction(), for a cell without double layer."""
        if current == 0:
            return self.equilibrium(u)
        sign = math.copysign(1.0, current)
        a = self.symmetry if current > 0 else 1 - self.symmetry
        size = math.log(abs(current) / (max(1 - film, 1e-9) * self.i0 * u))
        eta = brentq(lambda e: a * e + math.log(-math.expm1(-e)) - size, 1e-12, 5 + abs(size) / a)
        return self.equilibrium(u) + sign * eta / self.f

    def film_growth(self, u, film):
        grow = self.film_rate * (1 - film) * max(0.0, 1 - u / self.u_k)
        return grow - film / self.film_dissolution_time * max(0.0, 1 - self.u_k / u)

    def deposit_growth(self, u, deposit):
        """Current [A/m2] from the interphase into the deposit [C/m2]."""
        grow = self.deposit_rate * onset(u / self.u_na - 1)
        return grow + deposit / self.deposit_dissolution_time * (u / self.u_na - 1)


def onset(x, width=5e-4):
    """The positive part of x, with the corner rounded off."""
    return max(0.0, x) ** 2 / (2 * width) if x < width else x - width / 2


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


# ---- State: u[0..n-1], the last node being the top | E | charge | film | deposit ----


class Model:
    """The equations as y' = f(t, y) at one current.

    At collapse u at the face falls by twenty decades, so it alone has a relative tolerance.  Without
    double layer E is not integrated but found from the current.
    """

    def __init__(self, cell):
        self.cell = cell
        self.n = cell.nodes
        self.free = cell.stiffness[: self.n, :] / cell.diffusion_time
        self.w = cell.weights[: self.n]

    def start(self):
        u = self.cell.u_top(0.0)
        tail = [ocv(self.cell.x0, self.cell.temperature), 0.0, 0.0, 0.0]
        return np.concatenate((np.full(self.n, u), tail))

    def face(self, y):
        return max(y[0], LEAST)

    def tolerances(self, rtol):
        atol = np.full(self.n + 4, 0.01 * rtol)
        atol[0] = 0.01 * rtol if self.cell.double_layer == 0 else 1e-25
        return {"rtol": rtol, "atol": atol}

    def rate(self, y, current):
        cell, n = self.cell, self.n
        face = self.face(y)
        potential, charge, film, deposit = y[n:]
        faradaic = current if cell.double_layer == 0 else cell.reaction(face, potential, film)
        plated = cell.deposit_growth(face, deposit)
        u = np.empty(n + 1)
        u[0], u[1:n], u[n] = face, y[1:n], cell.u_top(charge + deposit)
        dy = np.empty_like(y)
        dy[:n] = -(self.free @ u) / self.w
        scale = cell.limiting_current * cell.diffusion_time * self.w[0]
        dy[0] = (dy[0] - (faradaic + plated) / scale)
        dy[n] = 0.0 if cell.double_layer == 0 else (current - faradaic) / cell.double_layer
        dy[n + 1 :] = faradaic, cell.film_growth(face, film), plated
        return dy

    def voltage(self, y, current):
        n = self.n
        if self.cell.double_layer > 0:
            return y[n] + current * self.cell.ohm
        return self.cell.potential(self.face(y), current, y[n + 2]) + current * self.cell.ohm

    def total(self, reacted, potential):
        """Charge passed, that in the double layer included."""
        cell = self.cell
        return reacted + cell.double_layer * (potential - ocv(cell.x0, cell.temperature))

    def record(self, t, y, current):
        n = self.n
        return {
            "time": t,
            "current": current,
            "voltage": self.voltage(y, current),
            "charge": self.total(y[n + 1], y[n]),
            "u_face": self.face(y),
            "film": y[n + 2],
            "deposit": y[n + 3],
            "potential": y[n],
        }


def hold(model, y, t, current, duration, charge_limit=math.inf, rows=200):
    """Hold one current; returns records, the last state and why it ended ('' for its time)."""
    cell = model.cell
    first = model.voltage(y, current)
    if first > cell.voltage_max or first < cell.voltage_min:
        return [model.record(t, y, current)], y, "voltage"
    start = model.total(y[model.n + 1], y[model.n])

    def high(_, z):
        return model.voltage(z, current) - cell.voltage_max

    def low(_, z):
        return model.voltage(z, current) - max(cell.voltage_min, -1e3)

    def charged(_, z):
        passed = abs(model.total(z[model.n + 1], z[model.n]) - start)
        return passed - charge_limit if charge_limit < 1e30 else -1.0

    for event in (high, low, charged):
        event.terminal = True
    result = solve_ivp(
        lambda _, z: model.rate(z, current), (0, duration), y, method="BDF",
        events=[high, low, charged], max_step=duration / rows, first_step=1e-6,
        **model.tolerances(1e-7),
    )
    if result.status < 0:
        raise RuntimeError(result.message)
    records = [model.record(t + s, z, current) for s, z in zip(result.t, result.y.T)]
    why = "" if result.status == 0 else "capacity" if len(result.t_events[2]) else "voltage"
    return records, result.y[:, -1], why


def run_steps(cell, steps, charge_limit=math.inf):
    """A list of (current, duration); stops where the voltage leaves its limits."""
    model = Model(cell)
    y, t, table, reports = model.start(), 0.0, [], []
    for current, duration in steps:
        records, y, why = hold(model, y, t, current, duration, charge_limit)
        table += records
        t = records[-1]["time"]
        reports.append({key: records[-1][key] for key in ("current", "voltage", "charge", "u_face")})
        if why:
            return {"end": why, "table": table, "steps": reports, **table[-1]}
    return {"end": "duration", "table": table, "steps": reports, **table[-1]}


def staircase(first, last, step, duration):
    count = int(round((last - first) / step)) + 1
    return [(first + step * i, duration) for i in range(count)]


# ---- Pulse trains ----


def propagators(model, times):
    """exp(A t) and its integral for each time, of the linear interphase at a fixed top."""
    cell, n = model.cell, model.n
    root = np.sqrt(model.w)
    symmetric = model.free[:, :n] / np.outer(root, root)
    rates, modes = np.linalg.eigh(symmetric)
    left, right = modes / root[:, None], modes.T * root[None, :]
    sink = right[:, 0] / (cell.limiting_current * cell.diffusion_time * model.w[0])
    out = []
    for t in times:
        decay = np.exp(-rates * t)
        out.append(((left * decay) @ right, left @ ((1 - decay) / rates * sink)))
    return out


def pulses_linear(cell, current, on, off, count):
    """Every pulse, for a cell without double layer: the diffusion is linear and exactly propagated.

    The collapse is where u at the face reaches 0; 3 V are then passed within 1e-20 of it.
    """
    model = Model(cell)
    (push, drain), (relax, _) = propagators(model, (on, off))
    below, t, charge = np.zeros(model.n), 0.0, 0.0  # u minus its value at the top
    least = math.inf
    for i in range(count):
        top = cell.u_top(charge + 0.5 * current * on)
        after = push @ below - drain * current
        least = top + after[0]
        if least <= 0:
            part = brentq(lambda s: face_after(model, below, current, top, s), 1e-9, on)
            charge, t = charge + current * part, t + part
            return {"end": "voltage", "pulses": i, "time": t, "charge": charge, "u_face": 0.0}
        charge, t = charge + current * on, t + on + off
        below = relax @ after - (cell.u_top(charge) - cell.u_top(charge - current * on))
    return {"end": "duration", "pulses": count, "time": t, "charge": charge, "u_face": least}


def face_after(model, below, current, top, t):
    (push, drain), = propagators(model, (t,))
    return top + (push @ below)[0] - drain[0] * current


class Pulser:
    """One pulse after the other, with double layer.

    A step holds the faradaic current i constant, so that the linear interphase is propagated exactly;
    i follows from the reaction at the step's end, a monotone equation in ln u at the face.  This is
    first order and L-stable; one step is compared with two of half its length, which are kept.
    """

    def __init__(self, cell, current, on, off, tolerance=3e-5):
        self.model, self.current, self.on, self.off = Model(cell), current, on, off
        self.tolerance = tolerance
        model, n = self.model, cell.nodes
        root = np.sqrt(model.w)
        self.rates, modes = np.linalg.eigh(model.free[:, :n] / np.outer(root, root))
        self.left, self.right = modes / root[:, None], modes.T * root[None, :]
        self.sink = self.right[:, 0] / (cell.limiting_current * cell.diffusion_time * model.w[0])

    def step(self, y, current, h):
        """y = (modes of u minus its top | face, E, charge, film)."""
        cell, n = self.model.cell, self.model.n
        face, potential, charge, film = y[n:]
        decay = np.exp(-self.rates * h)
        free, drain = decay * y[:n], (1 - decay) / self.rates * self.sink
        supply = cell.u_top(charge) + self.left[0] @ free
        slope = self.left[0] @ drain

        def excess(w):
            i = (supply - math.exp(w)) / slope
            return cell.reaction(math.exp(w), potential + h / cell.double_layer * (current - i), film) - i

        face = math.exp(brentq(excess, -130.0, 2.0, xtol=1e-10))
        i = (supply - face) / slope
        z = np.empty_like(y)
        z[:n] = free - drain * i
        z[n:] = face, potential + h / cell.double_layer * (current - i), charge + h * i, film
        z[n + 3] += h * cell.film_growth(face, film)
        return z

    def phase(self, y, current, duration):
        """The state after the phase, and the time in it when the voltage passed its limit, or None."""
        n, t, h = self.model.n, 0.0, 1e-4 * duration
        limit = self.model.cell.voltage_max - current * self.model.cell.ohm
        while t < duration * (1 - 1e-12):
            h = min(h, duration - t)
            coarse = self.step(y, current, h)
            fine = self.step(self.step(y, current, 0.5 * h), current, 0.5 * h)
            error = max(abs(coarse[n + 1] - fine[n + 1]) / 10, abs(coarse[n] - fine[n])) / self.tolerance
            if error <= 1:
                if fine[n + 1] > limit:
                    part = h * (limit - y[n + 1]) / (fine[n + 1] - y[n + 1])
                    return y + (fine - y) * part / h, t + part
                y, t = fine, t + h
            h *= min(3.0, max(0.2, 0.9 / math.sqrt(error + 1e-6)))
        return y, None

    def start(self):
        cell = self.model.cell
        face, potential = cell.u_top(0.0), ocv(cell.x0, cell.temperature)
        return np.concatenate((np.zeros(cell.nodes), [face, potential, 0.0, 0.0]))

    def raised(self, y, charge):
        """y with its top moved from that of `charge` to that of y's own charge; u stays."""
        cell, n = self.model.cell, self.model.n
        z = y.copy()
        z[:n] -= self.right @ np.full(n, cell.u_top(y[n + 2]) - cell.u_top(charge))
        return z

    def leap(self, y, charge, film):
        """The slow variables moved; the profile is scaled to the new top."""
        cell, n, z = self.model.cell, self.model.n, y.copy()
        ratio = cell.u_top(y[n + 2] + charge) / cell.u_top(y[n + 2])
        z[: n + 1] *= ratio
        z[n + 2] += charge
        z[n + 3] = min(max(z[n + 3] + film, 0.0), 1.0)
        return z

    def record(self, y, t, current):
        face, potential, charge, film = y[self.model.n :]
        return {"time": t, "current": current, "voltage": potential + current * self.model.cell.ohm,
                "charge": self.model.total(charge, potential), "u_face": face, "film": film}

    def turn(self, y):
        """One pulse and its rest."""
        z, when = self.phase(y, self.current, self.on)
        if when is not None:
            return z, when
        if self.off > 0:
            z, _ = self.phase(z, 0.0, self.off)
        return self.raised(z, y[self.model.n + 2]), None

    def turns(self, y, count):
        """Up to `count` pulses: state, change of the film in the last, pulses done, time of the end."""
        film = 0.0
        for i in range(count):
            z, when = self.turn(y)
            if when is not None:
                return z, film, i, when
            y, film = z, z[-1] - y[-1]
        return y, film, count, None


def pulses(cell, current, on, off, count, jump=0.02):
    """A pulse train that skips pulses where only the slow variables move.

    The fast ones follow the slow ones within the diffusion time, so after each jump a few pulses are
    run in full.  The slow ones are the charge, whose change per pulse is known, and the film, which is
    extrapolated.  `jump` bounds their change: of the charge relative to Q_0, and of the film.  A jump
    that lands past the end is taken back and quartered; the last pulses are all run in full.
    """
    if cell.double_layer == 0:
        return pulses_linear(cell, current, on, off, count)
    pulser = Pulser(cell, current, on, off)
    settle = max(4, math.ceil(3 * cell.diffusion_time / (on + off)))
    dose, done, run, room, saved = current * on, 0, 0, jump, None
    y = pulser.start()
    while done < count:
        y, film, turned, when = pulser.turns(y, min(settle, count - done))
        done, run = done + turned, run + turned
        if when is None:
            skip = min(room * cell.q0 / dose, room / max(abs(film), 1e-12))
        elif saved is not None and saved[3] > 0:
            y, film, done, skip = saved
            room, skip, when = room / 4, skip / 4, None
        else:
            break
        skip = max(0, min(int(skip), count - done - settle))
        saved = (y, film, done, skip)
        y, done = pulser.leap(y, skip * dose, skip * film), done + skip
    last = pulser.record(y, done * (on + off) + (when or 0.0), 0.0 if when is None else current)
    return {"end": "duration" if when is None else "voltage", "pulses": done, "run": run, **last}


# ---- Command line ----


def arguments(argv):
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--potassium", type=float, default=50.0, help="wt%%")
    p.add_argument("--temperature", type=float, default=25.0, help="degC")
    p.add_argument("--limiting-current", type=float, default=0.7, help="mA/cm2")
    p.add_argument("--diffusion-time", type=float, default=10.0, help="s")
    p.add_argument("--exponent", type=float, default=2.1)
    p.add_argument("--double-layer", type=float, default=1.0, help="uF/cm2")
    p.add_argument("--film-rate", type=float, default=1e-3, help="1/s")
    p.add_argument("--protocol", choices=("staircase", "constant", "pulses"), required=True)
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
    p.add_argument("--format", choices=("json", "csv"), default="json")
    return p.parse_args(argv)


def cell_of(a):
    return Cell(
        potassium=a.potassium, temperature=a.temperature + 273.15, exponent=a.exponent,
        limiting_current=a.limiting_current * MA_CM2, diffusion_time=a.diffusion_time,
        double_layer=a.double_layer * 0.01, film_rate=a.film_rate,
    )


def solve(a):
    cell = cell_of(a)
    if a.protocol == "pulses":
        return pulses(cell, a.current * MA_CM2, a.on, a.off, a.count, a.jump)
    if a.protocol == "staircase":
        levels = staircase(a.first, a.to, a.step, a.hold)
        return run_steps(cell, [(i * MA_CM2, t) for i, t in levels], a.capacity * MAH_CM2)
    if abs(a.current) == 0:
        raise SystemExit("nak1d: a constant current needs --current")
    longest = 2 * cell.q0 if math.isinf(a.capacity) else 1.1 * a.capacity * MAH_CM2
    steps = [(a.current * MA_CM2, longest / abs(a.current * MA_CM2))]
    return run_steps(cell, steps, a.capacity * MAH_CM2)


def main(argv=None):
    a = arguments(argv)
    result = solve(a)
    table = result.pop("table", [])
    if a.format == "csv":
        out = csv.DictWriter(sys.stdout, fieldnames=list(table[0]) if table else ["time"])
        out.writeheader()
        out.writerows(table)
        return
    result["capacity_mAh_cm2"] = result["charge"] / MAH_CM2
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
