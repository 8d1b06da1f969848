#!/usr/bin/env python3
"""Draw the phase diagram of a material, and its energies at one temperature.

Usage: plot_phases.py FOLDER [-o STEM] [options].  FOLDER holds the tables of `nakfield phases`;
writes STEM.png and STEM.pdf, FOLDER/phases by default.
"""
import argparse
import csv
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "python"))

from nakfield.figures import add_options, pyplot, save  # noqa: E402

COLOURS = {"liquid": "#D55E00", "solid": "#0072B2"}  # Okabe & Ito; compounds in green
GREEN, GREY = "#009E73", "#777777"
ZERO_CELSIUS = 273.15


def table(path):
    if not path.is_file():
        sys.exit(f"plot_phases.py: there is no {path}: run nakfield phases MATERIAL first")
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows and path.stem != "invariants":
        sys.exit(f"plot_phases.py: {path} has no rows")
    return rows


def colour(phase):
    return COLOURS.get(phase, GREEN)


def column(rows, name):
    return [float(row[name]) for row in rows]


# ---- The diagram ----

def lines(boundaries, symbol):
    """Each side of each kind of equilibrium as one line, broken where the equilibrium is absent."""
    seen = {}
    for row in boundaries:
        key, T = (row["phase_left"], row["phase_right"]), float(row["temperature_K"])
        same_kind = sum(1 for r in seen.get(T, []) if r == key)
        seen.setdefault(T, []).append(key)
        for side in ("left", "right"):
            yield (*key, same_kind, side), T, float(row[f"x_{symbol}_{side}"]), row[f"phase_{side}"]


def draw_diagram(axes, boundaries, invariants, symbol):
    drawn = {}
    for key, T, x, phase in lines(boundaries, symbol):
        drawn.setdefault((key, phase), []).append((T, x))
    for (_, phase), points in drawn.items():
        part = [points[0]]
        for before, after in zip(points, points[1:] + [(1e9, 0)]):
            if after[0] - before[0] > 0.75 or abs(after[1] - before[1]) > 0.05:
                draw_line(axes, part, phase)
                part = []
            part.append(after)
    for row in invariants:
        draw_invariant(axes, row, symbol)
    axes.set(xlim=(0, 1), xlabel=f"mole fraction of {symbol}", ylabel="temperature (K)")
    second = axes.secondary_yaxis("right", functions=(lambda T: T - ZERO_CELSIUS,
                                                      lambda T: T + ZERO_CELSIUS))
    second.set_ylabel("°C")


def draw_line(axes, points, phase):
    axes.plot([x for _, x in points], [T for T, _ in points], color=colour(phase), lw=1.6,
              solid_capstyle="round")


def draw_invariant(axes, row, symbol):
    T = float(row["temperature_K"])
    x = [float(row[f"x_{symbol}_{k}"]) for k in (1, 2, 3) if row[f"x_{symbol}_{k}"]]
    phases = [row[f"phase_{k}"] for k in (1, 2, 3) if row[f"phase_{k}"]]
    if len(x) == 3:
        axes.plot([x[0], x[2]], [T, T], color=GREY, lw=1.0)
    at = x[phases.index("liquid")] if "liquid" in phases else x[len(x) // 2]
    axes.plot(at, T, "o", color="black", ms=4, clip_on=False, zorder=3)
    if row["kind"] == "melting":
        side = "left" if at < 0.5 else "right"
        shift = (8, 4) if at < 0.5 else (-8, 4)
        axes.annotate(f"{T:.1f} K", (at, T), shift, textcoords="offset points", fontsize=8, ha=side)
    else:
        above = row["kind"] == "peritectic"
        axes.annotate(f"{row['kind']} {T:.1f} K, {at:.3f}", (at, T), (-6, 5) if above else (0, -13),
                      textcoords="offset points", fontsize=8, ha="right" if above else "center")


def label_fields(axes, boundaries, symbol):
    """Name the liquid where it is widest, and each compound beneath its peritectic."""
    T_all = column(boundaries, "temperature_K")
    top, bottom = max(T_all), min(T_all)
    axes.set_ylim(bottom - 0.1 * (top - bottom), top + 0.12 * (top - bottom))
    axes.text(0.45, top - 0.1 * (top - bottom), "liquid", color=COLOURS["liquid"], ha="center")
    for name in sorted({row[f"phase_{s}"] for row in boundaries for s in ("left", "right")} - set(COLOURS)):
        rows = [r for r in boundaries if r["phase_left"] == name]
        if rows:
            T = 0.5 * (min(column(rows, "temperature_K")) + max(column(rows, "temperature_K")))
            axes.annotate(name, (float(rows[0][f"x_{symbol}_left"]), T), (5, 0), rotation=90,
                          textcoords="offset points", color=GREEN, va="center")


# ---- The energies ----

def draw_driving(axes, energies, symbol):
    x = column(energies, f"x_{symbol}")
    names = [key for key in energies[0] if key.startswith("driving_")]
    styles = ["-", "--", "-.", ":"]
    for k, key in enumerate(names):
        axes.plot(x, column(energies, key), styles[k % 4], lw=1.4,
                  color=(COLOURS["solid"], COLOURS["liquid"], GREEN, GREY)[k % 4],
                  label=key.split("_")[1])
    axes.axhline(0, color=GREY, lw=0.8)
    axes.set(xlim=(0, 1), ylim=(-2000, 1000), xlabel=f"mole fraction of {symbol} in the liquid",
             ylabel="driving force of the solid (J/mol)")
    axes.legend(frameon=False, fontsize=8, title="solid", title_fontsize=8)


def draw_voltage(axes, energies, symbol):
    x = column(energies, f"x_{symbol}")
    axes.plot(x, [1e3 * v for v in column(energies, "ocv_V")], color=COLOURS["solid"], lw=1.4)
    axes.set(xlim=(0, 1), xlabel=f"mole fraction of {symbol}")
    axes.axhline(0, color=GREY, lw=0.8)
    axes.set_ylabel(f"open-circuit voltage against {symbol} (mV)", color=COLOURS["solid"])
    other = axes.twinx()
    other.grid(visible=False)  # it would lie over the curve
    other.plot(x, column(energies, "thermodynamic_factor"), color=COLOURS["liquid"], lw=1.4)
    other.set_ylabel("thermodynamic factor", color=COLOURS["liquid"])
    other.set_ylim(0, None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("folder", metavar="FOLDER", type=pathlib.Path)
    add_options(parser)
    args = parser.parse_args()
    plt = pyplot(args)

    boundaries, invariants, energies = (table(args.folder / f"{name}.csv")
                                        for name in ("boundaries", "invariants", "energies"))
    symbol = next(iter(energies[0]))[2:]
    figure, axes = plt.subplots(1, 3, figsize=args.size or (13, 4.2), layout="constrained",
                                width_ratios=(1.5, 1, 1))
    draw_diagram(axes[0], boundaries, invariants, symbol)
    label_fields(axes[0], boundaries, symbol)
    draw_driving(axes[1], energies, symbol)
    draw_voltage(axes[2], energies, symbol)
    save(figure, args.stem or args.folder / "phases", args.formats)


if __name__ == "__main__":
    main()
