"""Two-dimensional reference solution: columns as in nak1d.py, over an electrolyte in 2D.

A strip of contact covers part of a period.  The electrolyte below is a slab of a given height with
an even current through its far face.  It is solved exactly, in cosines along the face, for a
current that is constant in each of the reference's cells.  So nothing of it is a grid of the
program.  The alloy is well mixed.  Columns have no exchange but through the electrolyte.

With j the current density into the face and E the potential of the metal against the electrolyte,
averaged over the cells,

    E = E0 - R j,   R_ab = sum over k of 2 c_a c_b s^2 h / (L sigma k tanh(k H)),
    c = cos(k x),   s = sin(k h / 2) / (k h / 2),   k = pi m / L,

over half of the period, L, with cells of width h; E0 is the mean over contact and gap.
"""
import math

import numpy as np
from scipy.integrate import solve_ivp

from nak1d import Model


class Plane:
    """Half of a strip of contact, `contact` wide, and half of the gap, over a slab; SI."""

    def __init__(self, cell, width, contact, height, sigma, cells, waves=20000):
        self.model, self.count, self.height, self.sigma = Model(cell), cells, height, sigma
        half, h = width / 2, contact / 2 / cells
        self.part = h / half
        k = math.pi * np.arange(1, waves + 1) / half
        wave = np.cos(np.outer(h * (np.arange(cells) + 0.5), k)) * np.sinc(k * h / 2 / math.pi)
        inverse = np.linalg.inv((wave * (2 * h / half / (sigma * k * np.tanh(k * height)))) @ wave.T)
        row = inverse.sum(axis=0) / inverse.sum()
        self.mean = row  # E0 = row E + current * rise
        self.rise = 1 / (self.part * inverse.sum())
        self.spread = inverse @ (np.outer(np.ones(cells), row) - np.eye(cells))

    def start(self):
        """Columns one after another without the charge of the alloy, which is the last number."""
        one = np.delete(self.model.start(), self.model.Q)
        return np.append(np.tile(one, self.count), 0.0)

    def columns(self, y):
        """The state of each column as that of nak1d's model."""
        return np.insert(y[:-1].reshape(self.count, -1), self.model.Q, y[-1], axis=1)

    def potentials(self, y):
        return y[:-1].reshape(self.count, -1)[:, self.model.E]

    def local(self, y, current):
        """Current into each column [A/m2]."""
        return self.spread @ self.potentials(y) + self.mean / self.part * current

    def voltage(self, y, current):
        slab = self.height / self.sigma
        return self.mean @ self.potentials(y) + current * (
            self.rise + slab + self.model.cell.series_resistance)

    def rate(self, y, current):
        model = self.model
        each = zip(self.columns(y), self.local(y, current))
        dy = np.array([model.rate(column, j) for column, j in each])
        return np.append(np.delete(dy, model.Q, axis=1).ravel(), self.part * dy[:, model.Q].sum())

    def jacobian(self, y, current):
        model, n, size = self.model, self.count, self.model.size - 1
        own = [j for j in range(model.size) if j != model.Q]
        J, at = np.zeros((n * size + 1, n * size + 1)), np.arange(n) * size + model.E
        for k, (column, j) in enumerate(zip(self.columns(y), self.local(y, current))):
            block, here = model.jacobian(column, j), slice(k * size, (k + 1) * size)
            J[here, here], J[here, -1] = block[np.ix_(own, own)], block[own, model.Q]
            J[-1, here] = self.part * block[model.Q, own]
            J[-1, -1] += self.part * block[model.Q, model.Q]
            slope = model.cell.adlayer(column[model.E])[1]
            capacity = model.cell.double_layer - math.exp(column[model.B]) * slope
            J[at[k], at] += self.spread[k] / capacity
        return J

    def hold(self, y, current, times, rtol=1e-6):
        """States at the times [s] after the start of a current; all of them, or fewer if it ends.
        """
        scales = np.delete(self.model.scales(), self.model.Q)
        scales = np.append(np.tile(scales, self.count), self.model.scales()[self.model.Q])
        result = solve_ivp(lambda _, z: self.rate(z, current), (0, times[-1]), y, method="BDF",
                           jac=lambda _, z: self.jacobian(z, current), t_eval=times, rtol=rtol,
                           atol=0.1 * rtol * scales)
        if result.status < 0:
            raise RuntimeError(result.message)
        return result.y.T
