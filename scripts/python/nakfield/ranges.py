"""Admissible ranges: how far each parameter goes with every figure inside its tolerance.

A point goes along linear programmes, whose slopes are learned by Broyden's rule from the runs, with
a trust region that is halved where a figure leaves its tolerance.  What is reported was computed.
"""
import numpy as np

MARGIN = 0.01  # of a tolerance that the programmes keep free
FAR = 2.0  # tolerances beyond which a run teaches no slopes
FIRST, MOST = 0.2, 0.5  # trust regions, of the bounds
RESOLUTION = 0.005  # of the bounds, and of tolerances
TURNS = 40


class Walk:
    """From a point along `goal`, a vector; `soft` figures may be outside, and come nearer."""

    def __init__(self, point, distances, slopes, limits, goal, soft):
        self.point, self.distances, self.slopes = point, distances, slopes.copy()
        (self.low, self.high), self.goal, self.soft = limits, goal, soft
        self.radius, self.reached, self.tried, self.misses = FIRST, False, None, 0
        self.failed = np.full(point.size, np.inf)  # not to be tried again

    def excess(self, distances):
        """The greatest of the figures that are to be inside, and the sum of the soft ones; nan is
        not known."""
        beyond = np.fmax(np.maximum(self.low - distances, distances - self.high), 0)
        return np.max(beyond, where=~self.soft, initial=0), beyond[self.soft].sum()

    def _programme(self):
        """The best move within the trust region, and what it should gain."""
        from scipy.optimize import linprog

        d, n = self.point.size, self.distances.size
        # Moves up and down, each at a small price; excess of hard figures, and of each soft one.
        softs = np.eye(n)[:, self.soft]
        cost = np.concatenate([1e-3 - self.goal, 1e-3 + self.goal, [1e3], np.ones(softs.shape[1])])
        slack = -np.column_stack([~self.soft, softs])
        rows = np.block([[self.slopes, -self.slopes, slack], [-self.slopes, self.slopes, slack]])
        room = np.concatenate([self.high - self.distances, self.distances - self.low]) - MARGIN
        kept = np.isfinite(room)
        sides = [np.minimum(self.radius, side) for side in (1 - self.point, self.point)]
        bounds = [(0, bound) for bound in np.concatenate(sides)]
        bounds += [(0, None)] * slack.shape[1]
        found = linprog(cost, rows[kept], room[kept], bounds=bounds).x
        move = found[:d] - found[d : 2 * d]
        nearer = np.sum(-np.minimum(room.reshape(2, n).min(axis=0), 0)[self.soft])
        return move, self.goal @ move + nearer - found[2 * d + 1 :].sum()

    def propose(self):
        """The next point to compute, or None at the end."""
        move, gain = self._programme()
        self.reached = gain < RESOLUTION * max(1, self.excess(self.distances)[1])
        self.tried = np.clip(self.point + move, 0, 1)
        return None if self.reached else self.tried

    def inside(self, distances):
        """Whether those that are known may be those of a point that is taken."""
        return self.excess(distances)[0] <= 0

    def take(self, distances):
        """What the proposed point gave; it is not taken where a figure is not known."""
        move, known = self.tried - self.point, ~np.isnan(distances)
        missed = np.where(known, distances - self.distances - self.slopes @ move, 0)
        (_, before), (hard, soft) = self.excess(self.distances), self.excess(distances)
        good = known.all() and hard <= 0 and (soft < before or not self.soft.any())
        learned = np.abs(missed).max() < FAR
        if learned:
            self.slopes += np.outer(missed, move) / (move @ move)
        self.misses = 0 if good else self.misses + 1
        if good:
            self.point, self.distances = self.tried, distances
            self.radius = min(2 * self.radius, MOST, np.abs(self.failed - self.point).max() / 2)
        elif learned:  # once; the second time it is a step or a bend
            self.radius = np.abs(move).max() / (1 if self.misses == 1 else 2)
        else:
            self.failed, self.radius = self.tried, np.abs(move).max() / 2


def walk_all(walks, distances_of):
    """Take all walks to their ends, side by side: `distances_of(points, go_on)`, where `go_on` are
    functions that say whether the figures known so far allow a point."""
    active = list(walks)
    for _ in range(TURNS):
        active = [walk for walk in active if walk.propose() is not None]
        if not active:
            return
        tried, go_on = [walk.tried for walk in active], [walk.inside for walk in active]
        for walk, found in zip(active, distances_of(tried, go_on)):
            walk.take(found)


def outside(distances, limits):
    return (distances < limits[0]) | (distances > limits[1])


def bring_inside(start, distances_of, slopes_of, limits):
    """A point from which no more figures come inside: (point, which are outside, nearest).

    `distances_of(points)` gives signed distances, `slopes_of(point)` their slopes; `limits` are the
    least and the greatest distance of each figure.  `nearest` are distances where the figures that
    stay outside are as near as they come while those that were inside stay there.
    """
    here = distances_of([start])[0]
    soft = outside(here, limits)
    if not soft.any():
        return start, soft, here
    walk = Walk(start, here, slopes_of(start), limits, np.zeros(start.size), soft)
    walk_all([walk], distances_of)
    still = outside(walk.distances, limits)
    return (walk.point if still.sum() < soft.sum() else start), still, walk.distances


class Ranges:
    """The ranges of all parameters from a point where all figures are inside."""

    def __init__(self, point, distances_of, slopes_of, limits):
        here, slopes = distances_of([point])[0], slopes_of(point)
        self.walks = [
            Walk(point, here, slopes, limits, side, np.zeros(here.size, dtype=bool))
            for axis in np.eye(point.size)
            for side in (-axis, axis)
        ]
        walk_all(self.walks, distances_of)

    def of(self, k):
        """Lowest and highest of a parameter, and whether the ways to them came to an end."""
        low, high = self.walks[2 * k : 2 * k + 2]
        return low.point[k], high.point[k], low.reached and high.reached
