#!/usr/bin/env python3
"""Plot one run, or several over each other.

Usage: plot.py RUNDIR [RUNDIR ...] [-o STEM] [options].  Reads timeseries.csv and summary.json,
writes STEM.png and STEM.pdf: by default RUNDIR/plot of a single run, plot in the working directory
for several.  A single run in two or three dimensions with fields.h5 gets RUNDIR/fields.png
(STEM-fields.png) too: its last frames.  A run that is still going on can be plotted as far as it
has come.
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "python"))

import nakfield  # noqa: E402
from nakfield.draw import PANELS, draw_panel, panel_of, plain, style_of, time_unit  # noqa: E402
from nakfield.fields import plot_fields, read_frames  # noqa: E402
from nakfield.figures import add_options, pyplot, save, span, words  # noqa: E402


ROUNDING = 1e-9  # of the greatest charge of a run


def fail(message):
    """Leave with a message."""
    sys.exit(f"plot.py: {message}")


# ---- Reading ----


def read_run(folder):
    """A run as one dictionary."""
    run = nakfield.Run(folder)
    if not run.summary:
        print(f"plot.py: there is no {folder}/summary.json: the run has not ended", file=sys.stderr)
    title = plain(run.summary.get("title", ""))
    return {
        "folder": folder,
        "table": run.cell(list(run.table)),
        "summary": {**run.summary, "title": title},
    }


def labels_of(runs):
    """Titles where they tell the runs apart, else directories."""
    titles = [run["summary"]["title"] for run in runs]
    if all(titles) and len(set(titles)) == len(runs):
        return titles
    names = [run["folder"].resolve().name for run in runs]
    if len(set(names)) < len(runs):
        names = [str(run["folder"]) for run in runs]
    return [plain(name) for name in names]


# ---- The figure of the series ----


def heading(run):
    """How a single run ended."""
    summary = run["summary"]
    title = summary["title"] or run["folder"].resolve().name
    if "status" not in summary:
        return f"{title} (not ended)"
    charge = net_charge(run["table"]["capacity_mAh_cm2"])
    return f"{title}\n{summary['status']} ({summary.get('end', '')}), {charge}"


def net_charge(capacity):
    """Of a whole run, in words; a rounding error is none."""
    net = capacity[-1]
    if abs(net) <= ROUNDING * abs(capacity).max():
        return "no net charge"
    return f"net {abs(net):.4g} mAh/cm² {'stripped' if net > 0 else 'plated'}"


def choose(runs, wanted):
    """Names of the panels, each of which the tables have."""
    deposit = any(run["table"]["deposit_nm_max"].max() > 0 for run in runs)
    last = "deposit" if deposit else "reservoir"
    names = wanted or ["voltage", "capacity", "current", "face", "u", last]
    for name in names:
        for run in runs:
            missing = [c for c in panel_of(name).columns if c not in run["table"]]
            if missing:
                fail(
                    f"there is no panel '{name}', and {run['folder']}/timeseries.csv has no column of "
                    f"that name; panels are {', '.join(PANELS)}"
                )
    return names


def plot_series(plt, runs, args):
    """All panels of all runs."""
    from matplotlib.lines import Line2D

    tables = [run["table"] for run in runs]
    time = time_unit(max(table["time_s"][-1] for table in tables))
    names = choose(runs, args.panels)
    columns = 1 if len(names) == 1 else 2
    rows = -(-len(names) // columns)
    size = args.size or (3.6 * columns, max(2.4 * rows, 2.8))
    labels = args.labels or (labels_of(runs) if len(runs) > 1 else [])
    wide = max(map(len, labels), default=0)
    across = min(len(labels), columns + 1 if wide < 25 else columns if wide < 45 else 1)
    lines = -(-len(labels) // max(across, 1))  # of the legend
    grid = [[name for name in names[k : k + columns]] for k in range(0, len(names), columns)]
    grid[-1] += ["."] * (columns - len(grid[-1]))
    above = [["legend"] * columns] * (lines > 0)
    figure, axes = plt.subplot_mosaic(
        above + grid,
        figsize=size,
        constrained_layout=True,
        gridspec_kw={"height_ratios": [0.1 * lines] * (lines > 0) + [1] * rows},
    )
    for name in names:
        draw_panel(axes[name], name, tables, time, "log" if name in args.log else None)
        if name in args.range:
            axes[name].set_ylim(*args.range[name])
        if args.time and name != "capacity":
            axes[name].set_xlim(*(t / time[0] for t in args.time))
    if lines:
        handles = [Line2D([], [], **style_of(index)) for index in range(len(runs))]
        axes["legend"].axis("off")
        axes["legend"].legend(handles, labels, loc="center", ncol=across, frameon=False)
    elif args.title:
        figure.suptitle(heading(runs[0]), fontsize=9)
    return figure


# ---- The command line ----


def ranges(text):
    name, _, values = text.partition("=")
    return name, span(values)


def options():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("runs", metavar="RUNDIR", nargs="+", type=pathlib.Path)
    add_options(parser)
    parser.add_argument(
        "--panels",
        type=words,
        metavar="NAME,...",
        help=f"of {', '.join(PANELS)}, or a column of the table",
    )
    parser.add_argument("--time", type=span, metavar="FROM:TO", help="in s")
    parser.add_argument(
        "--range",
        type=ranges,
        action="append",
        default=[],
        metavar="PANEL=FROM:TO",
        help="of the axis of a panel; may be given again",
    )
    parser.add_argument(
        "--log",
        action="append",
        default=[],
        metavar="PANEL",
        help="a panel with a logarithmic axis; may be given again",
    )
    parser.add_argument("--labels", type=words, metavar="NAME,...", help="of the runs, in their order")
    parser.add_argument("--no-title", dest="title", action="store_false", help="no title")
    parser.add_argument(
        "--equal", action="store_true", help="slices of the alloy at one scale in x and z"
    )
    args = parser.parse_args()
    if args.labels and len(args.labels) != len(args.runs):
        parser.error(f"{len(args.labels)} labels for {len(args.runs)} runs")
    args.range = dict(args.range)
    return args


def main():
    args = options()
    plt = pyplot(args)
    runs = [read_run(folder) for folder in args.runs]
    single = len(runs) == 1
    stem = args.stem or str(args.runs[0] / "plot" if single else "plot")
    figure = plot_series(plt, runs, args)
    save(figure, stem, args.formats)
    try:
        data = read_frames(nakfield.Run(args.runs[0])) if single else None
    except ImportError:
        print(
            "plot.py: no figure of the fields: h5py is missing (Debian: python3-h5py)",
            file=sys.stderr,
        )
        data = None
    if data is not None:
        plt.rcParams.update({"axes.grid": False})
        stem = f"{args.stem}-fields" if args.stem else args.runs[0] / "fields"
        save(plot_fields(plt, data, args.equal), stem, [s for s in args.formats if s != "pdf"])


if __name__ == "__main__":
    try:
        main()
    except nakfield.ReadError as error:
        fail(error)
