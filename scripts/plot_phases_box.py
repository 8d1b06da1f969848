#!/usr/bin/env python3
"""Draw a run on a box: phases and composition of an alloy, or a field and the free energy of
PFHub's models.

Usage: plot_phases_box.py RUNDIR [-o STEM] [options].  Reads fields.h5 (and free_energy.csv), writes
STEM.png and STEM.pdf, RUNDIR/phases by default.  It shows the last frames, of a 3D run a plane
through the middle.  Of PFHub's models it shows the first field.
"""
import argparse
import pathlib
import sys

import numpy as np
from matplotlib.colors import to_rgb

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "python"))

import nakfield  # noqa: E402
from nakfield.figures import add_options, pyplot, save  # noqa: E402

FRAMES = 4
BODIES = {"phi_solid_b": "#0072B2", "phi_solid_a": "#E69F00", "phi_void": "#000000"}
WORDS = {"phi_solid_b": "solid K blue", "phi_solid_a": "solid Na orange", "phi_void": "voids black"}
WIDTH = 3.4  # of a panel [inch]


def fail(message):
    """Leave with a message."""
    sys.exit(f"plot_phases_box.py: {message}")


def read(folder):
    """Times, axes and planes of the last frames: x-z of the alloy, x-y of the others."""
    run = nakfield.Run(folder)
    if run.kind == "timeseries":
        fail(f"{folder} is the run of a cell: scripts/plot.py draws it")
    alloy = run.kind == "phases"
    picked = np.unique(np.linspace(0, len(run.times) - 1, FRAMES).astype(int))
    frames = [run.frame(k, ["x", *BODIES] if alloy else ["eta", "c"]) for k in picked]
    keys = ["x", *BODIES] if alloy else ["eta" if "eta" in frames[0] else "c"]
    depth, grid = 1 if alloy else 0, frames[0].grid
    planes = [{key: np.take(frame[key], frame[key].shape[depth] // 2, depth) for key in keys}
              for frame in frames]
    axes = [(1e6 if alloy else 1) * grid[axis] for axis in ("xz" if alloy else "xy")]
    return {"alloy": alloy, "times": [frame.time for frame in frames], "frames": planes, "keys": keys,
            "axes": axes, "table": run.table}


def draw_phases(axis, frame, extent):
    """Bodies by their colours, liquid white."""
    picture = np.ones((*frame["x"].shape, 3))
    for key, colour in BODIES.items():
        share = np.clip(frame[key], 0, 1)[..., None]
        picture = picture * (1 - share) + share * np.array(to_rgb(colour))
    axis.imshow(picture, origin="lower", extent=extent, interpolation="nearest")


def draw_energy(axis, table):
    """The free energy of all steps."""
    axis.plot(table["time"], table["free_energy"], color="#0072B2", linewidth=1)
    if table["time"].size > 2 and table["time"][-1] > 100 * table["time"][1] > 0:
        axis.set_xscale("log")
    axis.set_xlabel("time")
    axis.set_ylabel("free energy")


def draw(plt, data, size):
    """A panel a frame, and what else there is beneath."""
    x, y = data["axes"]
    extent, frames = [x[0], x[-1], y[0], y[-1]], data["frames"]
    aspect = (y[-1] - y[0]) / (x[-1] - x[0])
    key = data["keys"][0]
    low, high = min(frame[key].min() for frame in frames), max(frame[key].max() for frame in frames)
    figure = plt.figure(figsize=size or (WIDTH * len(frames), 0.6 + 2 * WIDTH * max(min(aspect, 2), 0.3)),
                        constrained_layout=True)
    grid = figure.add_gridspec(2, len(frames))
    rows = [[figure.add_subplot(grid[row, column]) for column in range(len(frames))]
            for row in range(2 if data["alloy"] else 1)]
    if not data["alloy"]:
        draw_energy(figure.add_subplot(grid[1, :]), data["table"])
    top, maps = rows[0], rows[-1]
    for panel, map_, frame, time in zip(top, maps, frames, data["times"]):
        if data["alloy"]:
            draw_phases(panel, frame, extent)
        shown = map_.imshow(frame[key], origin="lower", extent=extent, vmin=low, vmax=high, cmap="viridis",
                            interpolation="nearest")
        panel.set_title(f"{time:.4g} s" if data["alloy"] else f"{time:.4g}")
        map_.set_xlabel("x (µm)" if data["alloy"] else "x")
    for row in rows:
        row[0].set_ylabel("z (µm)" if data["alloy"] else "y")
        for panel in row[1:]:
            panel.tick_params(labelleft=False)
    if data["alloy"]:
        there = [words for body, words in WORDS.items() if max(frame[body].max() for frame in frames) > 0.5]
        top[0].set_ylabel(f"{', '.join(there)}\nz (µm)")
    figure.colorbar(shown, ax=maps, label="mole fraction of Na" if data["alloy"] else key)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("run", metavar="RUNDIR", type=pathlib.Path)
    add_options(parser)
    options = parser.parse_args()
    path = options.run / "fields.h5"
    if not path.is_file():
        fail(f"there is no {path}: is {options.run} the directory of a run?")
    plt = pyplot(options)
    plt.rcParams["axes.grid"] = False
    save(draw(plt, read(options.run), options.size), options.stem or options.run / "phases", options.formats)


if __name__ == "__main__":
    try:
        main()
    except nakfield.ReadError as error:
        fail(error)
