"""statistics.csv of a study: a line for each figure, with its interval."""
import math

import numpy as np

from .effects import bootstrap, describe, morris, rank_correlation, sobol
from .plan import DRAWN

HEADING = ["number", "statistic", "entry", "at", "value", "low", "high"]
ABOUT = 4  # columns of results.csv before the entries


def numbers_of(study, lines):
    """The numbers of all samples by the headings of results.csv; nan where there is none."""
    first = ABOUT + len(study.keys)
    return {
        heading: np.array([float(line[k]) if line[k] else math.nan for line in lines[1:]])
        for k, heading in list(enumerate(lines[0]))[first:]
    }


def analyse(study, more, lines):
    """The lines of statistics.csv; `more` draws came after those of the file."""
    found = [HEADING]
    for name, values in numbers_of(study, lines).items():
        there = np.isfinite(values)
        found.append([name, "missing", "", "", int((~there).sum()), "", ""])
        if there.sum() >= 2:
            figures = describe(values[there])
            found += [[name, statistic, "", "", *figure] for statistic, figure in figures.items()]
        mean = values.reshape(-1, max(len(study.seeds), 1)).mean(axis=1)  # over the seeds
        for statistic, axis, at, figure in _dependence(study, more, mean):
            found.append([name, statistic, study.axes[axis].key, at, *figure])
    return [[_text(item) for item in line] for line in found]


def _text(item):
    if isinstance(item, float):
        return "" if math.isnan(item) else f"{item:.9g}"
    return item


def _dependence(study, more, values):
    """(statistic, axis, at, figure with its interval) of what the samples were made for."""
    if study.how == "one_at_a_time":
        yield from _changes(study, values)
        return
    if study.how not in DRAWN:
        yield from _main_effects(study, values)
        return
    points = study.points(0, study.count + more)
    if study.how == "morris":
        yield from _sets(points, values, _morris, len(study.axes) + 1)
    elif study.indices:
        yield from _sets(points, values, _sobol, len(study.axes) + 2)
    else:
        there = np.isfinite(values)
        for axis in range(len(study.axes) if there.sum() >= 3 else 0):
            figure = rank_correlation(points[there, axis], values[there])
            yield "rank correlation", axis, "", figure


def _sets(points, values, figures, size):
    """Of the sets that lack no number."""
    points, values = points.reshape(-1, size, points.shape[1]), values.reshape(-1, size)
    there = np.isfinite(values).all(axis=1)
    if there.sum() >= 2:
        yield from figures(points[there], values[there])


def _morris(points, values):
    names = ("mean effect", "mean size of effect", "deviation of effect")
    for axis, figures in enumerate(morris(points, values)):
        yield from ((name, axis, "", tuple(f)) for name, f in zip(names, figures))


def _sobol(points, values):
    for axis, figures in enumerate(sobol(values)):
        yield from (
            (n, axis, "", tuple(f)) for n, f in zip(("first index", "total index"), figures)
        )


def _changes(study, values):
    """What each of the other values of an entry changes, against the first values of all."""
    rows = study.rows()[:: max(len(study.seeds), 1)]
    for row, value in zip(rows[1:], values[1:]):
        for axis, entry in enumerate(study.axes):
            if row[axis] != entry.values[0]:
                yield "change", axis, row[axis], (value - values[0], "", "")


def changes(found):
    """Lines that say the changes of a study made one at a time."""
    for number, statistic, entry, at, value, *_ in found:
        if statistic == "change":
            amount = f"{float(value):.3g}" if value else "an unknown amount"
            yield f"{number}: {entry} of {at} changes it by {amount}"


def _main_effects(study, values):
    """Means over the samples with one value of an entry."""
    rows = study.rows()[:: max(len(study.seeds), 1)]
    for axis, entry in enumerate(study.axes):
        texts = [row[axis] for row in rows]
        for at in dict.fromkeys(entry.values):
            own = values[[text == at for text in texts] & np.isfinite(values)]
            if own.size == 0:
                continue
            figure = bootstrap(own, lambda draws: draws.mean(axis=1)) if own.size > 1 else None
            yield "mean", axis, at, (own.mean(), "", "") if figure is None else tuple(figure)
