"""page.html of a study: its tables and pictures in one file that asks nothing of the network."""
from html import escape

import numpy as np

from .draw import COLOURS, column_label, labelled, plain
from .markup import END, begin, picture, pyplot, table
from .statistics import ABOUT, numbers_of
from .text import NUMBER

COLOUR, SHOWN = COLOURS[0], 6  # entries and numbers in the matrix of scatter plots
def _axis(texts):
    """Values to draw at, and ticks with labels where they are no numbers of one unit."""
    matches = [NUMBER.match(text) for text in texts]
    if all(matches) and len({match[2] for match in matches}) == 1:
        return np.array([float(match[1]) for match in matches]), matches[0][2], None
    known = list(dict.fromkeys(texts))
    return np.array([known.index(text) for text in texts], dtype=float), "", known


def _label(axis, which, key, unit, words):
    getattr(axis, f"set_{which}label")(labelled(key, unit))
    if words:
        getattr(axis, f"set_{which}ticks")(range(len(words)), [plain(word) for word in words])


def _curves(plt, key, texts, numbers):
    """Each number over the only entry; the line runs through means."""
    figure, axes = plt.subplots(
        len(numbers), squeeze=False, sharex=True, figsize=(6, 2.4 * len(numbers))
    )
    x, unit, words = _axis(texts)
    for axis, (name, values) in zip(axes[:, 0], numbers.items()):
        there = np.isfinite(values)
        places = np.unique(x[there])
        means = [values[there & (x == place)].mean() for place in places]
        axis.plot(places, means, color=COLOUR, linewidth=1)
        axis.plot(x, values, ".", color=COLOUR)
        axis.set_ylabel(column_label(name))
    _label(axes[-1, 0], "x", key, unit, words)
    return figure


def _maps(plt, keys, columns, numbers):
    """Each number over two entries; None where their combinations are not all there."""
    (x, x_unit, x_words), (y, y_unit, y_words) = map(_axis, columns)
    xs, ys = np.unique(x), np.unique(y)
    if len({*zip(x, y)}) < xs.size * ys.size or min(xs.size, ys.size) < 2:
        return None
    figure, axes = plt.subplots(len(numbers), squeeze=False, figsize=(6, 3.6 * len(numbers)))
    for axis, (name, values) in zip(axes[:, 0], numbers.items()):
        grid = np.array([[values[(x == a) & (y == b)].mean() for a in xs] for b in ys])
        image = axis.pcolormesh(xs, ys, np.ma.masked_invalid(grid), shading="nearest")
        figure.colorbar(image, ax=axis, label=column_label(name))
        _label(axis, "x", keys[0], x_unit, x_words)
        _label(axis, "y", keys[1], y_unit, y_words)
    return figure


def _matrix(plt, keys, columns, numbers):
    """Scatter plots of numbers over entries."""
    keys, names = keys[:SHOWN], list(numbers)[:SHOWN]
    figure, axes = plt.subplots(
        len(names),
        len(keys),
        squeeze=False,
        sharex="col",
        sharey="row",
        figsize=(2.2 * len(keys) + 1, 2.2 * len(names) + 0.5),
    )
    for column, key in enumerate(keys):
        x, unit, words = _axis(columns[column])
        for row, name in enumerate(names):
            axes[row][column].plot(x, numbers[name], ".", color=COLOUR, markersize=3)
            axes[row][0].set_ylabel(column_label(name))
        _label(axes[-1][column], "x", key, unit, words)
    return figure


def draw(study, lines):
    """The picture that suits the study, as SVG."""
    plt = pyplot()
    numbers, keys = numbers_of(study, lines), [axis.key for axis in study.axes]
    columns = [[line[ABOUT + k] for line in lines[1:]] for k in range(len(keys))]
    figure = None
    if len(keys) == 1:
        figure = _curves(plt, keys[0], columns[0], numbers)
    elif len(keys) == 2:
        figure = _maps(plt, keys, columns, numbers)
    return picture(plt, figure or _matrix(plt, keys, columns, numbers))


def page(study, lines, found):
    """The whole page."""
    title = str(study.file.get("title", study.path.name))
    return (
        begin(title)
        + f"<p>{len(lines) - 1} samples of {escape(study.deck)}</p>\n"
        + draw(study, lines)
        + "<h2>Statistics</h2>\n<p>low and high: a 95 % interval by bootstrap.</p>\n"
        + table(found)
        + "<h2>Samples</h2>\n"
        + table(lines)
        + END
    )
