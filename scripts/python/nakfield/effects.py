"""What the numbers of a study depend on: statistics, Morris's effects, Sobol's indices.

Intervals are of 95 % by a bootstrap, whose random numbers are always the same.
"""
import warnings

import numpy as np

DRAWS = 1000
LOW, HIGH = 2.5, 97.5  # %
BLOCK = 1 << 22  # numbers of draws at a time


def bootstrap(data, statistics, normal=False):
    """Values of `statistics`, a function over axis 1, with their intervals: (value, low, high).

    Bounds are percentiles, or with `normal` from the deviation alone.  `data` holds independent
    sets along axis 0; draws of them come along axis 1, after one of draws.
    """
    data = np.asarray(data, dtype=float)
    random = np.random.default_rng(1)
    size = max(1, BLOCK // data.size)
    parts = []
    for start in range(0, DRAWS, size):
        picked = random.integers(0, len(data), (min(size, DRAWS - start), len(data)))
        parts.append(statistics(data[picked]))
    drawn, value = np.concatenate(parts), statistics(data[None])[0]
    if normal:
        half = 1.96 * drawn.std(axis=0)
        return np.stack([value, value - half, value + half], axis=-1)
    with warnings.catch_warnings():  # a number that is the same everywhere has no correlation
        warnings.simplefilter("ignore", RuntimeWarning)
        bounds = np.nanpercentile(drawn, [LOW, HIGH], axis=0)
    return np.stack([value, *bounds], axis=-1)


def describe(values):
    """Mean, deviation, least, quartiles and greatest, by name."""

    def all_of(draws):
        quartiles = np.percentile(draws, [25, 50, 75], axis=1)
        return np.stack([draws.mean(axis=1), draws.std(axis=1, ddof=1), *quartiles], axis=-1)

    found = bootstrap(values, all_of)
    names = ("mean", "deviation", "quartile 1", "median", "quartile 3")
    extremes = {"least": (np.min(values),) * 3, "greatest": (np.max(values),) * 3}
    return {**dict(zip(names, map(tuple, found))), **extremes}


def rank_correlation(x, y):
    """Spearman's, of a number with an entry."""

    def ranks(v):
        order = np.unique(v, return_inverse=True)[1]
        counts = np.bincount(order)
        return (np.cumsum(counts) - (counts + 1) / 2)[order]

    def correlation(draws):
        a, b = draws[..., 0], draws[..., 1]
        a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
        scale = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(scale > 0, (a * b).sum(axis=1) / scale, np.nan)

    return tuple(bootstrap(np.stack([ranks(x), ranks(y)], axis=-1), correlation))


def morris(points, values):
    """Mean, mean size and deviation of each entry's effects over its whole range.

    `points` [trajectory, point, entry] in the unit cube, `values` [trajectory, point].
    """
    moves, changes = np.diff(points, axis=1), np.diff(values, axis=1)
    which = np.abs(moves).argmax(axis=2)
    size = np.take_along_axis(moves, which[..., None], axis=2)[..., 0]
    effects = np.empty(which.shape)
    np.put_along_axis(effects, which, changes / size, axis=1)

    def all_of(draws):
        return np.stack(
            [draws.mean(axis=1), np.abs(draws).mean(axis=1), draws.std(axis=1, ddof=1)], axis=-1
        )

    return bootstrap(effects, all_of)


def sobol(values):
    """First and total index of each entry [entry, (first, total), (value, low, high)].

    `values` [set, 2 + entries] of the points A, B, and A with one entry of B.  The estimators are
    Saltelli's of 2010 and Jansen's.
    """
    values = values - values[:, :2].mean()

    def indices(draws):
        a, b, mixed = draws[..., 0], draws[..., 1], draws[..., 2:]
        both = np.concatenate([a, b], axis=1)
        variance = both.var(axis=1)[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            first = (b[..., None] * (mixed - a[..., None])).mean(axis=1) / variance
            total = ((a[..., None] - mixed) ** 2).mean(axis=1) / 2 / variance
        return np.stack([first, total], axis=-1)

    return bootstrap(values, indices, normal=True)  # percentiles cover too seldom
