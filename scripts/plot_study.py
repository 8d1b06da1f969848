#!/usr/bin/env python3
"""Plot any number that a study collected against any of its entries, or against another number.

Usage: plot_study.py STUDY NUMBER [NUMBER ...] --against ENTRY [--for ENTRY] [-o STEM] [options].
STUDY is the folder of a study; NUMBER and ENTRY are columns of its results.csv, numbers also
without their unit.  Each value of --for has a line of its own; without it, the only other entry
that varies is taken, if it has few values.  Where more entries vary, there are points, no lines.
Writes STEM.png and STEM.pdf, by default STUDY/NUMBER-ENTRY: the numbers and entries as given.
"""
import argparse
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "python"))

import nakfield  # noqa: E402
from nakfield.draw import COLOURS, MARKERS, column_label, labelled, plain, unit_text  # noqa: E402
from nakfield.figures import add_options, pyplot, save  # noqa: E402


MOST_LINES = len(COLOURS)  # that --for draws without being asked
DASHES = ("-", "--", ":", "-.")


def column(study, name):
    """Name of a column, its numbers, its label, and words in place of numbers or None."""
    fitting = [key for key in study.results if key == name] or [
        key for key in study.results if key.startswith(f"{name}_")
    ]
    if len(fitting) != 1:
        sys.exit(
            f"plot_study.py: {study.folder}/results.csv has no column {name}, or several; it has "
            + ", ".join(study.results)
        )
    key = fitting[0]
    values, unit = study.values(key)
    label = labelled(key, unit or "") if key in study.keys else column_label(key)
    return key, values, label, list(dict.fromkeys(study.results[key])) if unit is None else None


def varying(study, own):
    """Entries that differ between some samples; a number is averaged over seeds."""
    return [
        key
        for key in study.keys
        if key != "seeds" and len(set(np.asarray(study.results[key])[own])) > 1
    ]


def choose_lines(study, against):
    """The entry that has a line for each of its values: the only other one, if it has few."""
    others = [key for key in varying(study, slice(None)) if key != against]
    if against not in study.keys or len(others) != 1:
        return None
    count = len(set(study.results[others[0]]))
    return others[0] if count <= min(MOST_LINES, len(study.names) - 1) else None


def groups_of(study, by):
    """Name and samples of each line, in the order of the values."""
    if by is None:
        return [("", np.ones(len(study.names), dtype=bool))]
    key, values, _, words = column(study, by)
    texts = [f"{text:g}" if isinstance(text, float) else text if words else unit_text(text)
             for text in study.results[key]]
    return [(texts[int(np.argmax(values == v))], values == v) for v in np.unique(values)]


def draw(axis, study, name, args, by):
    """One number; samples that lack it are left out.  A line joins samples that differ in nothing
    but the horizontal axis, or their means over seeds."""
    against, x, x_label, words = column(study, args.against)
    _, y, y_label, _ = column(study, name)
    for k, (text, own) in enumerate(groups_of(study, by)):
        there = own & np.isfinite(x) & np.isfinite(y)
        colour = COLOURS[k % len(COLOURS)]
        free = [key for key in varying(study, own) if key not in (against, by)]
        joined = len(free) <= (against not in study.keys)  # a number follows one entry at most
        mark = {"color": colour, "marker": MARKERS[1 + k % (len(MARKERS) - 1)], "fillstyle": "none",
                "markersize": 5, "linewidth": 1.2}
        places = np.unique(x[there]) if joined else x[there]
        means = [y[there & (x == place)].mean() for place in places] if joined else y[there]
        if joined and places.size < there.sum():
            axis.plot(x[there], y[there], linestyle="none", color=colour, marker=".", alpha=0.6)
        dashes = DASHES[k % len(DASHES)] if joined else "none"
        axis.plot(places, means, label=plain(text), linestyle=dashes, **mark)
    axis.set_xlabel(x_label)
    axis.set_ylabel(y_label)
    if words:
        axis.set_xticks(range(len(words)), [plain(word) for word in words])
    axis.set_xscale("log" if args.against in args.log else "linear")
    axis.set_yscale("log" if name in args.log else "linear")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("study", metavar="STUDY", type=pathlib.Path)
    parser.add_argument("numbers", metavar="NUMBER", nargs="+")
    parser.add_argument("--against", metavar="ENTRY", required=True, help="what is on the horizontal axis")
    parser.add_argument("--for", dest="by", metavar="ENTRY",
                        help="a line for each of its values; by default the only other entry that varies")
    parser.add_argument("--log", metavar="NAME", action="append", default=[],
                        help="a number or an entry with a logarithmic axis; may be given again")
    add_options(parser)
    args = parser.parse_args()
    study = nakfield.Study(args.study)
    plt = pyplot(args)
    count = len(args.numbers)
    by = args.by or choose_lines(study, args.against)
    figure, axes = plt.subplots(
        count,
        squeeze=False,
        constrained_layout=True,
        figsize=args.size or (4.4, 3 * count),
    )
    for axis, name in zip(axes[:, 0], args.numbers):
        draw(axis, study, name, args, by)
    if by:
        axes[0, 0].legend(title=plain(by), frameon=False, fontsize=7, title_fontsize=7)
    names = [*args.numbers, args.against, *([args.by] if args.by else [])]
    save(figure, args.stem or args.study / "-".join(names), args.formats)


if __name__ == "__main__":
    try:
        main()
    except nakfield.ReadError as error:
        sys.exit(f"plot_study.py: {error}")
