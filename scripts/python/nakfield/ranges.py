"""Admissible ranges: how far each parameter goes with every figure inside its tolerance.

A point goes along linear programmes, whose slopes are learned by Broyden's rule from the runs, with
a trust region that is halved where a figure leaves its tolerance.  What is reported was computed.
"""
import numpy as np

MARGIN = 0.01  # of a tolerance that the programmes keep free
FAR = 2.0  # tolerances beyond which a run teaches no slopes
FIRST, MOST = 0.2, 0.5  # trust regions, of the bounds
RESOLUTION = 0.005  # of the bounds
TURNS = 14


class Walk:
    """From a point along `goal`, a vector; `soft` figures may be outside, and come nearer."""

    def __init__(self, point, distances, slopes, limits, goal, soft):
        self.point, self.distances, self.slopes = point, distances, slopes.copy()
        (self.low, self.high), self.goal, self.soft = limits, goal, soft
        self.radius, self.reached, self.tried = FIRST, False, None

    def excess(self, distances):
        """The greatest of the figures that are to be inside, and of the soft ones."""
        beyond = np.maximum(np.maximum(self.low - distances, distances - self.high), 0)
        return [np.max(beyond, where=part, initial=0) for part in (~self.soft, self.soft)]

    def _programme(self):
        """The best move within the trust region, and what it should gain."""
        from scipy.optimize import linprog

        d, n = self.point.size, self.distances.size
        # Moves up and down, each at a small price; excess of hard and of soft figures at a high.
        cost = np.concatenate([1e-3 - self.goal, 1e-3 + self.goal, [1e3, 1.0]])
        slack = -np.stack([~self.soft, self.soft], 1).astype(float)
        rows = np.block([[self.slopes, -self.slopes, slack], [-self.slopes, self.slopes, slack]])
        room = np.concatenate([self.high - self.distances, self.distances - self.low]) - MARGIN
        kept = np.isfinite(room)
        sides = [np.minimum(self.radius, side) for side in (1 - self.point, self.point)]
        bounds = [(0, bound) for bound in np.concatenate(sides)] + [(0, None)] * 2
        found = linprog(cost, rows[kept], room[kept], bounds=bounds).x
        move = found[:d] - found[d : 2 * d]
        nearer = (self.excess(self.distances)[1] + MARGIN - found[-1]) if self.soft.any() else 0
        return move, self.goal @ move + nearer

    def propose(self):
        """The next point to compute, or None at the end."""
        move, gain = self._programme()
        self.reached = gain < RESOLUTION or np.abs(move).max() < RESOLUTION
        self.tried = np.clip(self.point + move, 0, 1)
        return None if self.reached else self.tried

    def take(self, distances):
        """What the proposed point gave."""
        move = self.tried - self.point
        missed = distances - self.distances - self.slopes @ move
        (_, before), (hard, soft) = self.excess(self.distances), self.excess(distances)
        good = hard <= 0 and (soft < before or not self.soft.any())
        if np.abs(missed).max() < FAR:
            self.slopes += np.outer(missed, move) / (move @ move)
        if good:
            self.point, self.distances = self.tried, distances
            self.radius = min(2 * self.radius, MOST)
        else:
            self.radius = np.abs(move).max() / 2


def walk_all(walks, distances_of):
    """Take all walks to their ends, side by side: `distances_of(points)`."""
    active = list(walks)
    for _ in range(TURNS):
        active = [walk for walk in active if walk.propose() is not None]
        if not active:
            return
        for walk, found in zip(active, distances_of([walk.tried for walk in active])):
            walk.take(found)


class Ranges:
    """The ranges of all parameters, and the figures that are left out of them.

    `start` is a point, `distances_of(points)` gives signed distances, `slopes_of(point)` their
    slopes; `limits` are the least and the greatest distance of each figure.
    """

    def __init__(self, start, distances_of, slopes_of, limits):
        low, high = (np.asarray(side, dtype=float) for side in limits)
        point, here = start, distances_of([start])[0]
        outside = (here < low) | (here > high)
        if outside.any():  # can they come inside, too?
            nowhere = np.zeros(start.size)
            walk = Walk(start, here, slopes_of(start), (low, high), nowhere, outside)
            walk_all([walk], distances_of)
            still = (walk.distances < low) | (walk.distances > high)
            if still.sum() < outside.sum():
                point, here, outside = walk.point, walk.distances, still
            self.nearest = walk.distances
        self.left_out, kept = np.flatnonzero(outside), ~outside
        slopes, none = slopes_of(point)[kept], np.zeros(kept.sum(), dtype=bool)
        self.walks = [
            Walk(point, here[kept], slopes, (low[kept], high[kept]), side, none)
            for axis in np.eye(point.size)
            for side in (-axis, axis)
        ]
        walk_all(self.walks, lambda points: [found[kept] for found in distances_of(points)])

    def of(self, k):
        """Lowest and highest of a parameter, and whether the ways to them came to an end."""
        low, high = self.walks[2 * k : 2 * k + 2]
        return low.point[k], high.point[k], low.reached and high.reached
