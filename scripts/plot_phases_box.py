#!/usr/bin/env python3
"""Draw the phases and the composition of a run with `model: alloy`.

Usage: plot_phases_box.py RUNDIR [-o FILE].  Reads fields.h5, writes RUNDIR/phases.png: its last frames,
of a 3D run the middle in y.
"""
import argparse
import pathlib
import sys

import h5py
import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

FRAMES = 4
BODIES = {"phi_solid_b": "#0072B2", "phi_solid_a": "#E69F00", "phi_void": "#000000"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("-o", "--output", type=pathlib.Path)
    options = parser.parse_args()
    path = options.run / "fields.h5"
    if not path.is_file():
        sys.exit(f"plot_phases_box.py: there is no {path}")
    with h5py.File(path, "r") as file:
        names = sorted(file["frames"])
        names = [names[i] for i in np.unique(np.linspace(0, len(names) - 1, FRAMES).astype(int))]
        x, z = (1e6 * file["grid"][axis][:] for axis in "xz")
        frames = [{key: file["frames"][name][key][:, file["frames"][name][key].shape[1] // 2, :]
                   for key in ["x", *BODIES]} for name in names]
        times = [file["frames"][name].attrs["time"] for name in names]
    low = min(frame["x"].min() for frame in frames)
    high = max(frame["x"].max() for frame in frames)
    figure, axes = plt.subplots(2, len(frames), squeeze=False, sharex=True, sharey=True,
                                figsize=(3.4 * len(frames), 0.6 + 6.4 * (z[-1] - z[0]) / (x[-1] - x[0])),
                                constrained_layout=True)
    for column, (frame, time) in enumerate(zip(frames, times)):
        picture = np.ones((*frame["x"].shape, 3))
        for key, colour in BODIES.items():
            share = np.clip(frame[key], 0, 1)[..., None]
            picture = picture * (1 - share) + share * np.array(matplotlib.colors.to_rgb(colour))
        extent = [x[0], x[-1], z[0], z[-1]]
        axes[0, column].imshow(picture, origin="lower", extent=extent, interpolation="nearest")
        axes[0, column].set_title(f"{time:.4g} s")
        shown = axes[1, column].imshow(frame["x"], origin="lower", extent=extent, vmin=low, vmax=high,
                                       cmap="viridis", interpolation="nearest")
        axes[1, column].set_xlabel("x [µm]")
    for row in axes:
        row[0].set_ylabel("z [µm]")
    figure.colorbar(shown, ax=axes[1, :], label="mole fraction of Na")
    output = options.output or options.run / "phases.png"
    figure.savefig(output, dpi=110)
    print(output)


if __name__ == "__main__":
    main()
