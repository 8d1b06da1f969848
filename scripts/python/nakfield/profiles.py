"""Profiles of a fit: the sum of squares along each parameter, with all others fitted again."""
import math
import sys

import numpy as np

POINTS = (0.5, 1.0, 1.5, 2.0)  # of the distance from the best value to the interval's end
ROOT = 1.96  # of the rise of the sum of squares, at the ends of 95 %


def profile(fit, best, k, ends):
    """(value inside, point, sum of squares) from the lowest to the highest of a parameter."""
    others = [j for j in range(best.x.size) if j != k]
    found = [(best.x[k], best.x, 2 * best.cost)]
    for end in ends:
        point, secant = best.x, fit.secant(others)
        for part in POINTS:
            value = float(np.clip(best.x[k] + part * (end - best.x[k]), 0, 1))
            if value == point[k]:
                continue  # the bound was reached before, or is the best value
            point = np.where(np.arange(point.size) == k, value, point)
            point, square = fit.refit(point, secant)
            found.append((value, point, square))
    return sorted(found, key=lambda item: item[0])


def interval(found, best):
    """Where the profile rises by that of 95 %; nan where it does not."""
    values = [item[0] for item in found]
    rise = np.sqrt(np.maximum([item[2] - 2 * best.cost for item in found], 0))
    middle = next(n for n, item in enumerate(found) if item[1] is best.x)
    ends = []
    for order in (range(middle, -1, -1), range(middle, len(found))):
        across = (pair for pair in zip(order, order[1:]) if rise[pair[1]] >= ROOT)
        a, b = next(across, (middle, middle))
        part = (ROOT - rise[a]) / (rise[b] - rise[a]) if a != b else math.nan
        ends.append(values[a] + part * (values[b] - values[a]))
    return ends


def profiles(fit, best, lines):
    """Lines of profiles.csv; those of fit.csv, `lines`, get the profiles' intervals."""
    table = [["along", "value", "unit", "sum_of_squares", *(p.label for p in fit.parameters)]]
    if not fit.exact:
        lines[0] += ["profile_low", "profile_high"]
    for k, (p, line) in enumerate(zip(fit.parameters, lines[1:])):
        print(f"profile {k + 1} of {best.x.size}: {p.label}", file=sys.stderr)
        ends = [p.inside(float(text)) for text in line[2:4]]
        found = profile(fit, best, k, ends)
        if not fit.exact:
            line += ["" if math.isnan(u) else f"{p.value(u):.9g}" for u in interval(found, best)]
        for value, point, square in found:
            others = [f"{q.value(u):.9g}" for q, u in zip(fit.parameters, point)]
            table.append([p.label, f"{p.value(value):.9g}", p.unit, f"{square:.9g}", *others])
    return table
