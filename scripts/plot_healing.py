#!/usr/bin/env python3
"""Draw how the contact comes back after the last current of a run.

Usage: plot_healing.py RUNDIR [RUNDIR ...] [-o FILE].  Reads timeseries.csv; the time, on a logarithmic axis, counts
from the end of the last current.  Writes FILE, by default healing.png.
"""
import argparse
import csv
import pathlib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

MARKS = {35: "35 s", 600: "10 min", 3600: "1 h", 10800: "3 h"}
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#000000"]
COLUMNS = ["time_s", "current_mA_cm2", "contact_fraction", "wetted_fraction"]


def rest(folder: pathlib.Path):
    """Time since the last current, contact (void and film off), and share under liquid."""
    with open(folder / "timeseries.csv", encoding="ascii") as file:
        rows = [[float(row[name]) for name in COLUMNS] for row in csv.DictReader(file)]
    last = max(k for k, row in enumerate(rows) if row[1] != 0)
    return list(zip(*((row[0] - rows[last][0], *row[2:]) for row in rows[last:])))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=pathlib.Path)
    parser.add_argument("-o", "--output", default="healing.png")
    arguments = parser.parse_args()
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    for run, colour in zip(arguments.runs, COLOURS):
        time, contact, wetted = rest(run)
        axes.plot(time, contact, color=colour, label=run.name)
        axes.plot(time, wetted, color=colour, linestyle="--")
    axes.plot([], [], color="0.3", label="contact")
    axes.plot([], [], color="0.3", linestyle="--", label="under liquid, K film or not")
    axes.set_xscale("log")
    axes.set_xlim(0.01, None)
    for at, name in MARKS.items():
        axes.axvline(at, color="0.8", linewidth=0.8, zorder=0)
        axes.annotate(name, (at, 0.02), xycoords=("data", "axes fraction"), ha="right", color="0.4", rotation=90,
                      fontsize="small")
    axes.set_xlabel("Time since the current ended (s)")
    axes.set_ylabel("Fraction of the face (–)")
    axes.legend(loc="upper left", fontsize="small", framealpha=1)
    figure.savefig(arguments.output, dpi=150)


if __name__ == "__main__":
    main()
