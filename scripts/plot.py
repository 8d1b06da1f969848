#!/usr/bin/env python3
"""Plot one run, or several over each other.

Usage: plot.py RUNDIR [RUNDIR ...] [-o STEM].  Reads timeseries.csv and summary.json, writes STEM.png
and STEM.pdf: by default RUNDIR/plot of a single run, plot in the working directory for several.  A
single run in two or three dimensions with fields.h5 gets RUNDIR/fields.png (STEM-fields.png) too:
its last frames.  A run that is still going on can be plotted as far as it has come.
"""
import argparse
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "python"))

import nakfield  # noqa: E402

# Okabe & Ito's colours, told apart by colour-blind readers and on paper; without their yellow.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#000000", "#CC79A7", "#56B4E9", "#E69F00"]
MARKERS = [None, "o", "s", "^", "v", "D"]  # for more runs than colours

TIME_UNITS = [(300, 1, "s"), (5 * 3600, 60, "min"), (10 * 86400, 3600, "h"), (np.inf, 86400, "d")]
PIXELS = 1500  # across a panel: a longer series is drawn by the extremes in each of them
LEAST_U = 1e-6  # lower end of a logarithmic axis
FRAMES = 3  # of the figure of the fields
PHASES = {"void": "white", "solid_b": "#8DB9E8", "solid_a": "#F0B27A"}  # drawn over the alloy

COLUMNS = ["time_s", "current_mA_cm2", "voltage_V", "capacity_mAh_cm2", "u_face_mean", "u_face_min",
           "contact_fraction", "k_film_fraction", "deposit_nm_mean", "deposit_nm_max",
           "reservoir_x"]


def fail(message):
    """Leave with a message."""
    sys.exit(f"plot.py: {message}")


# ---- Reading ----

def read_run(folder: pathlib.Path) -> dict:
    """A run as one dictionary."""
    run = nakfield.Run(folder)
    table = run.cell(COLUMNS)
    if not run.summary:
        print(f"plot.py: there is no {folder}/summary.json: the run has not ended", file=sys.stderr)
    title = str(run.summary.get("title", "")).replace("$", r"\$")  # no formulas in titles
    return {"folder": folder, "table": table, "summary": {**run.summary, "title": title}}


def labels_of(runs: list) -> list:
    """Titles where they tell the runs apart, else directories."""
    titles = [run["summary"]["title"] for run in runs]
    if all(titles) and len(set(titles)) == len(runs):
        return titles
    names = [run["folder"].resolve().name for run in runs]
    return names if len(set(names)) == len(runs) else [str(run["folder"]) for run in runs]


# ---- Thinning ----

def thin_series(x, y):
    """First, least, greatest and last value in each pixel of an ascending x: looks the same."""
    if x.size <= 4 * PIXELS or x[-1] <= x[0]:
        return x, y
    pixel = np.minimum(((x - x[0]) * (PIXELS / (x[-1] - x[0]))).astype(int), PIXELS - 1)
    start = np.flatnonzero(np.diff(pixel, prepend=-1))
    stop = np.append(start[1:], x.size) - 1
    middle = (x[start] + x[stop]) / 2
    xs = np.stack([x[start], middle, middle, x[stop]], axis=1)
    ys = np.stack([y[start], np.fmin.reduceat(y, start), np.fmax.reduceat(y, start), y[stop]], axis=1)
    return xs.ravel(), ys.ravel()


def thin_curve(x, y):
    """Leave out points that stay within a pixel, of a curve that may run back and forth."""
    if x.size <= 4 * PIXELS:
        return x, y
    spans = [max(np.ptp(v), np.finfo(float).tiny) for v in (x, y)]
    cells = [((v - v.min()) * (PIXELS / span)).astype(int) for v, span in zip((x, y), spans)]
    moved = (np.diff(cells[0], prepend=-1) != 0) | (np.diff(cells[1], prepend=-1) != 0)
    kept = np.flatnonzero(moved)
    kept = kept[::max(1, kept.size // 100000)]
    return x[kept], y[kept]


# ---- The figure of the series ----

def time_unit(longest: float):
    """Divisor and name of the unit that suits a time in s."""
    return next((divisor, name) for limit, divisor, name in TIME_UNITS if longest < limit)


def positive(values):
    """Gaps where a logarithm has no value."""
    return np.where(values > 0, values, np.nan)


def draw_run(axes: dict, run: dict, style: dict, divisor: float):
    """The lines of one run; dashed is the second quantity of a panel."""
    table = run["table"]
    time = table["time_s"] / divisor
    lines = [("voltage", "voltage_V", "-"), ("current", "current_mA_cm2", "-"),
             ("u", "u_face_mean", "-"), ("u", "u_face_min", "--"),
             ("face", "contact_fraction", "-"), ("face", "k_film_fraction", "--"),
             ("deposit", "deposit_nm_mean", "-"), ("deposit", "deposit_nm_max", "--"),
             ("reservoir", "reservoir_x", "-")]
    for panel, column, dashes in (line for line in lines if line[0] in axes):
        values = positive(table[column]) if panel == "u" else table[column]
        axes[panel].plot(*thin_series(time, values), linestyle=dashes, **style)
    axes["capacity"].plot(*thin_curve(table["capacity_mAh_cm2"], table["voltage_V"]), **style)


LABELS = {"voltage": "Voltage vs Na (V)", "current": "Current (mA/cm²)",
          "u": "Na content u at the face (–)", "face": "Fraction of the face (–)",
          "deposit": "Na deposit (nm)", "reservoir": "Na in the alloy, mole fraction (–)",
          "capacity": "Voltage vs Na (V)"}


def label_axes(axes: dict, unit: str):
    """What is drawn, and in what unit."""
    for name in LABELS.keys() & axes.keys():
        axes[name].set_ylabel(LABELS[name])
        axes[name].set_xlabel("Capacity (mAh/cm²)" if name == "capacity" else f"Time ({unit})")
    axes["face"].set_ylim(-0.03, 1.03)
    axes["u"].set_yscale("log")
    low, high = axes["u"].get_ylim()
    axes["u"].set_ylim(min(max(low, LEAST_U), 0.1), max(high, 2))


def explain_dashes(axes: dict):
    """Small legends in the panels that hold two quantities."""
    from matplotlib.lines import Line2D

    pairs = {"u": ("mean", "minimum"), "face": ("contact", "K film"), "deposit": ("mean", "maximum")}
    for panel in pairs.keys() & axes.keys():
        handles = [Line2D([], [], color="0.3", linestyle=dashes) for dashes in ("-", "--")]
        axes[panel].legend(handles, pairs[panel], loc="best", frameon=False, handlelength=2.2)


def style_of(index: int) -> dict:
    """Colour, and a marker where the colours are used up."""
    marker = MARKERS[index // len(COLOURS) % len(MARKERS)]
    return {"color": COLOURS[index % len(COLOURS)], "linewidth": 1.2, "marker": marker,
            "markevery": 0.1, "markersize": 3.5}


def heading(run: dict) -> str:
    """How a single run ended."""
    summary = run["summary"]
    title = summary["title"] or run["folder"].resolve().name
    if "status" not in summary:
        return f"{title} (not ended)"
    net = run["table"]["capacity_mAh_cm2"][-1]
    return (f"{title}\n{summary['status']} ({summary.get('end', '')}), "
            f"net {abs(net):.4g} mAh/cm² {'stripped' if net >= 0 else 'plated'}")


def plot_series(plt, runs: list):
    """All panels of all runs."""
    from matplotlib.lines import Line2D

    divisor, unit = time_unit(max(run["table"]["time_s"][-1] for run in runs))
    legend_rows = (len(runs) + 2) // 3 if len(runs) > 1 else 0
    deposit = any(run["table"]["deposit_nm_max"].max() > 0 for run in runs)
    panels = [["voltage", "capacity"], ["current", "face"],
              ["u", "deposit" if deposit else "reservoir"]]
    heights = [1, 1, 1]
    if legend_rows:
        panels, heights = [["legend", "legend"]] + panels, [0.1 * legend_rows] + heights
    figure, axes = plt.subplot_mosaic(panels, figsize=(7.2, 7.2), constrained_layout=True,
                                      gridspec_kw={"height_ratios": heights})
    for index, run in enumerate(runs):
        draw_run(axes, run, style_of(index), divisor)
    label_axes(axes, unit)
    explain_dashes(axes)
    if legend_rows:
        handles = [Line2D([], [], **style_of(index)) for index in range(len(runs))]
        axes["legend"].axis("off")
        axes["legend"].legend(handles, labels_of(runs), loc="center", ncol=min(3, len(runs)),
                              frameon=False)
    else:
        figure.suptitle(heading(runs[0]), fontsize=9)
    return figure


# ---- The figure of the fields ----

def read_frames(run):
    """Axes [um] and the last frames; None for a single column."""
    try:
        count = len(run.times)
    except ImportError:
        print("plot.py: no figure of the fields: h5py is missing (Debian: python3-h5py)",
              file=sys.stderr)
        return None
    if count == 0:
        return None
    grid = run.frame(0, ()).grid
    if grid["region"].shape[1] * grid["region"].shape[2] == 1:
        return None
    picked = sorted({k * (count - 1) // FRAMES for k in range(1, FRAMES + 1)})
    frames = [run.frame(k, ("current", "u_face", "c", "liquid_x", *PHASES)) for k in picked]
    factor, unit = (1e3, "mm") if grid["x"][-1] > 1e-3 else (1e6, "µm")
    return {"x": factor * grid["x"], "y": factor * grid["y"], "unit": unit, "z": grid["z"],
            "region": grid["region"][:, 0, 0], "frames": frames,
            "times": [frame.time for frame in frames]}


def limits(arrays: list, low: float = -np.inf):
    """One range for a row of panels, never empty."""
    least = max(min(np.min(a) for a in arrays), low)
    greatest = max(max(np.max(a) for a in arrays), least)
    if greatest - least <= 1e-9 * max(abs(least), abs(greatest)):
        margin = 0.05 * max(abs(least), abs(greatest)) or 1
        return least - (margin if low < 0 else 0.5 * least), greatest + margin
    return least, greatest


def draw_face(figure, axes, data: dict, arrays: list, label: str, log: bool):
    """A quantity on the face: maps in 3D, lines in 2D."""
    from matplotlib.colors import LogNorm, Normalize

    low, high = limits(arrays, LEAST_U if log else -np.inf)
    log = log and high > 10 * low
    if len(data["y"]) == 2:
        for axis, array in zip(axes, arrays):
            shown = np.maximum(array[0, 0], 1e-3 * low) if log else array[0, 0]
            axis.stairs(shown, data["x"], baseline=None, color=COLOURS[0])
            margin = 0.05 * (high - low)
            axis.set_yscale("log" if log else "linear")
            axis.set_ylim((low / 1.2, high * 1.2) if log else (low - margin, high + margin))
            axis.set_xlim(data["x"][0], data["x"][-1])
        axes[0].set_ylabel(label)
        return
    norm = LogNorm(low, high) if log else Normalize(low, high)
    extent = (data["x"][0], data["x"][-1], data["y"][0], data["y"][-1])
    for axis, array in zip(axes, arrays):
        image = axis.imshow(np.maximum(array[0], low), origin="lower", extent=extent, norm=norm,
                            cmap="viridis", interpolation="nearest", aspect="equal")
    axes[0].set_ylabel(f"y ({data['unit']})")
    bar = figure.colorbar(image, ax=list(axes), label=label)
    if log and high < 300 * low:
        ticks = [m * 10.0 ** e for e in range(-6, 3) for m in (1, 2, 5) if low <= m * 10.0 ** e <= high]
        bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])


def row_to_show(frames: list) -> int:
    """The row of cells with most of the other phases in it, or the one in the middle."""
    shares = [frame[phase] for frame in frames for phase in PHASES if phase in frame]
    if shares:
        most = sum(shares).sum(axis=(0, 2))
        if most.max() > 0:
            return int(np.argmax(most))
    return frames[0]["c"].shape[1] // 2


def draw_phases(axes, data: dict, layers, row: int, scale: float):
    """Voids and solids over a slice of the alloy, each in its colour, with their outlines."""
    x = (data["x"][1:] + data["x"][:-1]) / 2
    z = scale * (data["z"][layers] + data["z"][layers + 1]) / 2
    for axis, frame in zip(axes, data["frames"]):
        for phase, colour in PHASES.items():
            share = frame[phase][layers, row] if phase in frame else np.zeros(1)
            if share.max() > 0.5 > share.min():
                axis.contourf(x, z, share, levels=[0.5, 2], colors=colour)
                axis.contour(x, z, share, levels=[0.5], colors="black", linewidths=0.8)


def draw_slice(figure, axes, data: dict, region: int, unit: tuple):
    """Concentration in an x-z plane, in one region; with solids, the composition of the liquid."""
    layers = np.flatnonzero(data["region"] == region)
    row = row_to_show(data["frames"])
    liquid = region == 2 and "liquid_x" in data["frames"][0]
    field, factor, label = ("liquid_x", 1, "Na in the liquid (–)") if liquid else ("c", 1e-3, "c (mol/l)")
    if liquid:  # the layers of the zone alone
        solids = [np.any(data["frames"][-1][phase][layers] > 0, axis=(1, 2)) for phase in PHASES
                  if phase in data["frames"][-1]]
        highest = max((int(np.flatnonzero(solid)[-1]) for solid in solids if solid.any()), default=0)
        layers = layers[:max(highest + 1, 8)]
    parts = [factor * frame[field][layers, row] for frame in data["frames"]]
    low, high = limits(parts)
    heights = unit[0] * data["z"][layers[0]:layers[-1] + 2]
    for axis, part in zip(axes, parts):
        image = axis.pcolormesh(data["x"], heights, part, vmin=low, vmax=high,
                                cmap="viridis", rasterized=True)
    if region == 2:
        draw_phases(axes, data, layers, row, unit[0])
    middle = (data["y"][row] + data["y"][row + 1]) / 2
    place = f", y = {middle:.3g} {data['unit']}" if len(data["y"]) > 2 else ""
    axes[0].set_ylabel(f"{('', 'Interphase', 'Alloy')[region]}{place}\nz ({unit[1]})")
    figure.colorbar(image, ax=list(axes), label=label).formatter.set_useOffset(False)


def plot_fields(plt, data: dict):
    """Frames from the course of the run, side by side."""
    divisor, unit = time_unit(data["times"][-1])
    frames = data["frames"]
    regions = [region for region in (1, 2) if np.any(data["region"] == region)]
    figure, axes = plt.subplots(2 + len(regions), len(frames), squeeze=False, sharex=True, sharey="row",
                                figsize=(7.2, 2 * (2 + len(regions))), constrained_layout=True)
    draw_face(figure, axes[0], data, [0.1 * frame["current"] for frame in frames],
              "Current (mA/cm²)", False)
    draw_face(figure, axes[1], data, [frame["u_face"] for frame in frames], "u at the face (–)", True)
    for row, region in enumerate(regions):
        draw_slice(figure, axes[2 + row], data, region, (1e9, "nm") if region == 1 else (1e6, "µm"))
    for column, time in enumerate(data["times"]):
        axes[0][column].set_title(f"{time / divisor:.4g} {unit}", fontsize=9)
        axes[-1][column].set_xlabel(f"x ({data['unit']})")
    return figure


# ---- ----

def save(plt, figure, path: pathlib.Path):
    """Write the picture and say where it is."""
    try:
        figure.savefig(path, dpi=200)
    except OSError as error:
        fail(f"cannot write {path}: {error.strerror}")
    print(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", metavar="RUNDIR", nargs="+", type=pathlib.Path)
    parser.add_argument("-o", dest="stem", metavar="STEM", help="output files without the suffix")
    args = parser.parse_args()

    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    plt.rcParams.update({"font.size": 8, "axes.grid": True, "grid.color": "0.9", "pdf.fonttype": 42,
                         "axes.axisbelow": True, "agg.path.chunksize": 20000})

    runs = [read_run(folder) for folder in args.runs]
    single = len(runs) == 1
    stem = args.stem or str(args.runs[0] / "plot" if single else "plot")
    figure = plot_series(plt, runs)
    for suffix in (".png", ".pdf"):
        save(plt, figure, pathlib.Path(stem + suffix))
    data = read_frames(nakfield.Run(args.runs[0])) if single else None
    if data is not None:
        plt.rcParams.update({"axes.grid": False})
        save(plt, plot_fields(plt, data),
             pathlib.Path(f"{args.stem}-fields.png") if args.stem else args.runs[0] / "fields.png")


if __name__ == "__main__":
    try:
        main()
    except nakfield.ReadError as error:
        fail(error)
