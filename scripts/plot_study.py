#!/usr/bin/env python3
"""Plot any number that a study collected against any of its entries, or against another number.

Usage: plot_study.py STUDY NUMBER [NUMBER ...] --against ENTRY [--for ENTRY] [-o STEM] [options].
STUDY is the folder of a study; NUMBER and ENTRY are columns of its results.csv, numbers also
without their unit.  Each value of --for has a line of its own.  Writes STEM.png and STEM.pdf, by
default STUDY/plot.
"""
import argparse
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "python"))

import nakfield  # noqa: E402
from nakfield.draw import plain, style_of  # noqa: E402
from nakfield.figures import add_options, pyplot, save  # noqa: E402


def column(study, name):
    """Numbers of a column, its label, and words in place of them or None."""
    fitting = [key for key in study.results if key == name] or [
        key for key in study.results if key.startswith(f"{name}_")
    ]
    if len(fitting) != 1:
        sys.exit(
            f"plot_study.py: {study.folder}/results.csv has no column {name}, or several; it has "
            + ", ".join(study.results)
        )
    values, unit = study.values(fitting[0])
    if unit is None:
        return values, fitting[0], list(dict.fromkeys(study.results[fitting[0]]))
    return values, f"{fitting[0]} ({unit})" if unit else fitting[0], None


def draw(axis, study, name, args):
    """One number; samples that lack it are left out, and lines run through means."""
    x, x_label, words = column(study, args.against)
    y, y_label, _ = column(study, name)
    groups = [("", np.ones(x.size, dtype=bool))]
    if args.by:
        column(study, args.by)
        texts = np.array([str(text) for text in study.results[args.by]])
        groups = [(text, texts == text) for text in dict.fromkeys(texts)]
    for k, (text, own) in enumerate(groups):
        there = own & np.isfinite(x) & np.isfinite(y)
        style = {**style_of(k), "markevery": 1, "marker": style_of(k)["marker"] or "."}
        places = np.unique(x[there])
        means = [y[there & (x == place)].mean() for place in places]
        axis.plot(x[there], y[there], linestyle="none", color=style["color"], marker=".", alpha=0.6)
        axis.plot(places, means, label=plain(text), **style)
    axis.set_xlabel(plain(x_label))
    axis.set_ylabel(plain(y_label))
    if words:
        axis.set_xticks(range(len(words)), [plain(word) for word in words])
    axis.set_xscale("log" if args.against in args.log else "linear")
    axis.set_yscale("log" if name in args.log else "linear")
    if args.by:
        axis.legend(title=plain(args.by), frameon=False, fontsize=7, title_fontsize=7)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("study", metavar="STUDY", type=pathlib.Path)
    parser.add_argument("numbers", metavar="NUMBER", nargs="+")
    parser.add_argument("--against", metavar="ENTRY", required=True, help="what is on the horizontal axis")
    parser.add_argument("--for", dest="by", metavar="ENTRY", help="a line for each of its values")
    parser.add_argument("--log", metavar="NAME", action="append", default=[],
                        help="a number or an entry with a logarithmic axis; may be given again")
    add_options(parser)
    args = parser.parse_args()
    study = nakfield.Study(args.study)
    plt = pyplot(args)
    count = len(args.numbers)
    figure, axes = plt.subplots(
        count,
        squeeze=False,
        constrained_layout=True,
        figsize=args.size or (4.4, 3 * count),
    )
    for axis, name in zip(axes[:, 0], args.numbers):
        draw(axis, study, name, args)
    save(figure, args.stem or args.study / "plot", args.formats)


if __name__ == "__main__":
    try:
        main()
    except nakfield.ReadError as error:
        sys.exit(f"plot_study.py: {error}")
