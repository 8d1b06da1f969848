"""Figures of the fields of a run: its last frames side by side, from the face to the alloy."""
import numpy as np

from .draw import COLOURS, LEAST_U, fine_scale, round_apart, time_unit

DEPLETED = 10  # ratio of contents from which colours are logarithmic
CLOSE = 7  # characters that a time does not need
FRAMES = 3  # of the figure of the fields
DRAWN = ("current", "u_face", "c")
PHASES = {"void": "white", "solid_b": "#8DB9E8", "solid_a": "#F0B27A"}  # drawn over the alloy


def read_frames(run):
    """Axes [um] and the last frames; None for a single column, or where frames lack what is drawn.
    """
    count = len(run.times)
    if count == 0:
        return None
    grid = run.frame(0, ()).grid
    if grid["region"].shape[1] * grid["region"].shape[2] == 1:
        return None
    picked = sorted({k * (count - 1) // FRAMES for k in range(1, FRAMES + 1)})
    frames = [run.frame(k, (*DRAWN, "liquid_x", *PHASES)) for k in picked]
    if not all(name in frames[-1] for name in DRAWN):
        return None
    factor, unit = (1e3, "mm") if grid["x"][-1] > 1e-3 else (1e6, "µm")
    return {
        "x": factor * grid["x"],
        "y": factor * grid["y"],
        "z": grid["z"],
        "factor": factor,
        "unit": unit,
        "region": grid["region"][:, 0, 0],
        "frames": frames,
        "times": [frame.time for frame in frames],
    }


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
            if log and array.max() < low:
                axis.text(0.5, 0.5, rf"below $10^{{{np.log10(low):.0f}}}$", transform=axis.transAxes, ha="center", va="center", color="0.4")
        axes[0].set_ylabel(label)
        return
    norm = LogNorm(low, high) if log else Normalize(low, high)
    extent = (data["x"][0], data["x"][-1], data["y"][0], data["y"][-1])
    for axis, array in zip(axes, arrays):
        image = axis.imshow(np.maximum(array[0], low), origin="lower", extent=extent, norm=norm,
                            cmap="viridis", interpolation="nearest", aspect="equal")
    axes[0].set_ylabel(f"y ({data['unit']})")
    add_bar(figure, image, axes, label)


def add_bar(figure, image, axes, label):
    """A bar of colours, with more than one number on a logarithmic one."""
    from matplotlib.colors import LogNorm

    low, high = image.norm.vmin, image.norm.vmax
    log = isinstance(image.norm, LogNorm)
    fine = None if log else fine_scale(low, high, label)
    bar = figure.colorbar(image, ax=list(axes), label=fine[0] if fine else label)
    if fine:
        bar.set_ticks(fine[1], labels=fine[2])
    elif not log:
        bar.formatter.set_useOffset(False)
    elif high < 300 * low:
        ticks = [m * 10.0**e for e in range(-6, 3) for m in (1, 2, 5)]
        ticks = [tick for tick in ticks if low <= tick <= high]
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
    z = scale * np.append(data["z"][layers[0]], (data["z"][layers] + data["z"][layers + 1]) / 2)
    for axis, frame in zip(axes, data["frames"]):
        for phase, colour in PHASES.items():
            share = frame[phase][layers, row] if phase in frame else np.zeros(1)
            if share.max() > 0.5 > share.min():
                share = np.concatenate([share[:1], share])  # the lowest layer reaches to the face
                axis.contourf(x, z, share, levels=[0.5, 2], colors=colour)
                axis.contour(x, z, share, levels=[0.5], colors="black", linewidths=0.8)


def draw_slice(figure, axes, data, region, unit, equal):
    """Concentration in an x-z plane, in one region; with solids, the composition of the liquid."""
    from matplotlib.colors import LogNorm, Normalize

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
    if region == 1 and high > DEPLETED * low:  # a face runs empty over decades
        norm = LogNorm(max(low, LEAST_U * high), high)
        parts = [np.maximum(part, norm.vmin) for part in parts]
    else:
        norm = Normalize(low, high)
    heights = unit[0] * data["z"][layers[0]:layers[-1] + 2]
    for axis, part in zip(axes, parts):
        image = axis.pcolormesh(
            data["x"], heights, part, norm=norm, cmap="viridis", rasterized=True
        )
        if equal and region == 2:
            axis.set_aspect(data["factor"] / unit[0], "box")
    if region == 2:
        draw_phases(axes, data, layers, row, unit[0])
    middle = (data["y"][row] + data["y"][row + 1]) / 2
    place = f", y = {middle:.3g} {data['unit']}" if len(data["y"]) > 2 else ""
    axes[0].set_ylabel(f"{('', 'Interphase', 'Alloy')[region]}{place}\nz ({unit[1]})")
    add_bar(figure, image, axes, label)


def moments(times):
    """Times in words; those that follow closely on the first one as what they are later."""
    divisor, unit = time_unit(times[-1])
    texts = round_apart([time / divisor for time in times])
    if max(map(len, texts)) < CLOSE:
        return [f"{text} {unit}" for text in texts]
    least, small = time_unit(times[-1] - times[0])
    later = round_apart([(time - times[0]) / least for time in times[1:]])
    return [f"{times[0] / divisor:.4g} {unit}"] + [f"+ {text} {small}" for text in later]


def plot_fields(plt, data, equal=False):
    """Frames from the course of the run, side by side."""
    frames = data["frames"]
    regions = [region for region in (1, 2) if np.any(data["region"] == region)]
    figure, axes = plt.subplots(2 + len(regions), len(frames), squeeze=False, sharex=True, sharey="row",
                                figsize=(7.2, 2 * (2 + len(regions))), constrained_layout=True)
    draw_face(figure, axes[0], data, [0.1 * frame["current"] for frame in frames],
              "Current (mA/cm²)", False)
    draw_face(figure, axes[1], data, [frame["u_face"] for frame in frames], "Na content u at the face", True)
    for row, region in enumerate(regions):
        height = (1e9, "nm") if region == 1 else (1e6, "µm")
        draw_slice(figure, axes[2 + row], data, region, height, equal)
    for column, (frame, time) in enumerate(zip(frames, moments(data["times"]))):
        current = f"{0.1 * frame.numbers['current'] + 0:.3g} mA/cm²"
        axes[0][column].set_title(f"{time}, {current}", fontsize=9)
        axes[-1][column].set_xlabel(f"x ({data['unit']})")
    return figure
