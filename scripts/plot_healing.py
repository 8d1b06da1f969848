#!/usr/bin/env python3
"""Draw how the contact comes back after the last current of a run.

Usage: plot_healing.py RUNDIR [RUNDIR ...] [-o STEM] [options].  Reads timeseries.csv; the time, on
a logarithmic axis, counts from the end of the last current.  Writes STEM.png and STEM.pdf, by
default RUNDIR/healing of a single run, healing in the working directory for several.
"""
import argparse
import itertools
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "python"))

import nakfield  # noqa: E402
from nakfield.figures import add_options, pyplot, save  # noqa: E402

MARKS = {35: "35 s", 600: "10 min", 3600: "1 h", 10800: "3 h"}
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#000000"]
COLUMNS = ["time_s", "contact_fraction", "wetted_fraction", "current_mA_cm2"]


def fail(message):
    """Leave with a message."""
    sys.exit(f"plot_healing.py: {message}")


def rest(folder: pathlib.Path):
    """Time since the last current, contact (void and film off), and share under liquid."""
    time, contact, wetted, current = nakfield.Run(folder).cell(COLUMNS).values()
    flows = np.flatnonzero(current)
    if flows.size == 0:
        fail(f"{folder} has no current, after which the contact could come back")
    last = flows[-1]
    if time[-1] <= time[last]:
        fail(f"{folder} ends with a current: its protocol needs a rest after it")
    return time[last:] - time[last], contact[last:], wetted[last:]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("runs", metavar="RUNDIR", nargs="+", type=pathlib.Path)
    add_options(parser)
    arguments = parser.parse_args()
    plt = pyplot(arguments)
    rests = [rest(run) for run in arguments.runs]
    figure, axes = plt.subplots(figsize=arguments.size or (7, 3.6), layout="constrained")
    for run, colour, (time, contact, wetted) in zip(arguments.runs, itertools.cycle(COLOURS), rests):
        axes.plot(time, contact, color=colour, label=run.name)
        axes.plot(time, wetted, color=colour, linestyle="--")
    axes.plot([], [], color="0.3", label="contact")
    axes.plot([], [], color="0.3", linestyle="--", label="under liquid, K film or not")
    axes.set_xscale("log")
    axes.set_xlim(min(0.01, *(time[1] for time, _, _ in rests)), max(time[-1] for time, _, _ in rests))
    for at, name in ((at, name) for at, name in MARKS.items() if at < axes.get_xlim()[1]):
        axes.axvline(at, color="0.8", linewidth=0.8, zorder=0)
        axes.annotate(name, (at, 0.02), xycoords=("data", "axes fraction"), ha="right", color="0.4", rotation=90,
                      fontsize="small")
    axes.set_xlabel("Time since the current ended (s)")
    axes.set_ylabel("Fraction of the face (–)")
    axes.legend(loc="upper left", fontsize="small", framealpha=1)
    single = len(arguments.runs) == 1
    save(figure, arguments.stem or (arguments.runs[0] if single else pathlib.Path()) / "healing", arguments.formats)


if __name__ == "__main__":
    try:
        main()
    except nakfield.ReadError as error:
        fail(error)
