#!/usr/bin/env python3
"""Plot the spectra of a run: Nyquist, Bode, and the relaxation times against time.

Usage: plot_impedance.py [-o STEM] [--until SECONDS] [--export] RUNDIR ...

Draws STEM.png and STEM.pdf, by default RUNDIR/impedance (impedance in the current directory for several
runs, whose first spectra are then compared).  With --export each spectrum is also written below
RUNDIR/spectra: NNNN.z for ZView, and NNNN.csv with the columns frequency, real and imaginary part and no
heading, as impedance.py reads them.  Impedances are per area, in ohm cm2.  Nyquist's diagram leaves out
points far above those of the other spectra, as in a collapse; Bode's has them all.

Example: scripts/plot_impedance.py --until 700 runs/operando_stripping
"""
import argparse
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "python"))

import nakfield  # noqa: E402

SHOWN = 8       # spectra in one diagram
FLOOR = 0.04    # of gamma that a map still shows, over the median of the spectra's greatest
CEILING = 4     # of |Z|, over the median of the spectra's greatest: a collapse would hide all else
PITCH = {"s": 1, "min": 60, "h": 3600}


def fail(message):
    """Leave with a message."""
    sys.exit(f"plot_impedance.py: {message}")


# ---- Reading ----

def read_run(folder: pathlib.Path, until: float) -> dict:
    """Spectra and relaxation times of a run up to a time, in the order of time."""
    spectra = [spectrum for spectrum in nakfield.Run(folder).spectra if spectrum.time <= until]
    if not spectra:
        fail(f"{folder} has no spectra up to {until:g} s: does its protocol ask for them?")
    if spectra[-1].tau is None:
        fail(f"{folder} has not the relaxation times of all spectra")
    return {"folder": folder, "spectra": spectra}


# ---- Drawing ----

def time_unit(longest: float):
    """Divisor and name of the unit that suits a time in s."""
    name = "s" if longest < 600 else "min" if longest < 36000 else "h"
    return PITCH[name], name


def chosen(spectra: list) -> list:
    """Spectra to show: all, or some of them from the first to the last, at equal changes."""
    if len(spectra) <= SHOWN:
        return list(range(len(spectra)))
    z = np.log(np.abs([spectrum.z for spectrum in spectra]))
    way = np.append(0, np.cumsum(np.abs(np.diff(z, axis=0)).max(axis=1)))
    return sorted({int(np.argmin(np.abs(way - part))) for part in np.linspace(0, way[-1], SHOWN)})


def draw_spectra(axes: dict, curves: list):
    """Nyquist and Bode of (spectrum, label, colour)."""
    high = CEILING * np.median([abs(spectrum.z).max() for spectrum, _, _ in curves])
    for spectrum, label, colour in curves:
        z, frequency = spectrum.z, spectrum.frequency
        shown = np.where(abs(z) <= high, z, np.nan)
        axes["nyquist"].plot(shown.real, -shown.imag, ".-", markersize=3, linewidth=1, color=colour,
                             label=label)
        axes["magnitude"].loglog(frequency, abs(z), color=colour, linewidth=1)
        axes["phase"].semilogx(frequency, np.degrees(np.angle(z)), color=colour, linewidth=1)
    axes["nyquist"].set_xlabel("Re Z (Ω cm²)")
    axes["nyquist"].set_ylabel("−Im Z (Ω cm²)")
    axes["nyquist"].set_aspect("equal", adjustable="datalim")
    axes["nyquist"].legend(frameon=False, fontsize=7)
    axes["magnitude"].set_ylabel("|Z| (Ω cm²)")
    axes["phase"].set_ylabel("Phase (°)")
    for name in ("magnitude", "phase"):
        axes[name].set_xlabel("Frequency (Hz)")


def edges(values):
    """Of cells around values that grow by one factor."""
    factor = np.sqrt(values[1] / values[0])
    return np.append(values / factor, values[-1] * factor)


def band(spectra) -> tuple:
    """Relaxation times that the frequencies measure; those beyond are extrapolated."""
    frequencies = np.concatenate([spectrum.frequency for spectrum in spectra])
    return 1 / (2 * np.pi * frequencies.max()), 1 / (2 * np.pi * frequencies.min())


def draw_lines(axis, curves: list):
    """Relaxation times of (spectrum, label, colour)."""
    for spectrum, _, colour in curves:
        axis.semilogx(spectrum.tau, spectrum.gamma, color=colour, linewidth=1)
    axis.set_xlim(*band([spectrum for spectrum, _, _ in curves]))
    axis.set_xlabel("τ (s)")
    axis.set_ylabel("γ (Ω cm²)")


def spans(moments):
    """First and last time at which each spectrum is drawn: to the middle between it and its neighbours, but to
    no time before the first spectrum or after the last, and not far into a pause."""
    gaps = np.diff(moments)
    before, after = np.append(np.inf, gaps), np.append(gaps, np.inf)
    reach = np.minimum(before, after) / 2
    left, right = (np.where(gap < 4 * reach, gap / 2, reach) for gap in (before, after))
    return np.maximum(moments - left, moments[0]), np.minimum(moments + right, moments[-1])


def draw_map(figure, axis, run: dict):
    """gamma over time and relaxation time."""
    from matplotlib.colors import LogNorm

    moments = np.array([spectrum.time for spectrum in run["spectra"]])
    gamma = np.array([spectrum.gamma for spectrum in run["spectra"]])
    divisor, unit = time_unit(moments[-1])
    usual = np.median(gamma.max(axis=1))
    norm = LogNorm(FLOOR * usual, max(gamma.max(), 2 * usual))
    for begin, end, one in zip(*spans(moments), gamma):
        image = axis.pcolormesh([begin / divisor, end / divisor], edges(run["spectra"][0].tau),
                                np.maximum(one[:, np.newaxis], norm.vmin), norm=norm, cmap="viridis",
                                rasterized=True)
    axis.set_xlabel(f"Time ({unit})")
    axis.set_yscale("log")
    axis.set_ylim(*band(run["spectra"]))
    axis.set_ylabel("τ (s)")
    figure.colorbar(image, ax=axis, label="γ (Ω cm²)")


def curves_of(runs: list, colours) -> list:
    """What is drawn of runs: the spectra in the course of one, the first ones of several."""
    if len(runs) > 1:
        picked = [(run, 0, run["folder"].resolve().name) for run in runs]
    else:
        spectra = runs[0]["spectra"]
        divisor, unit = time_unit(spectra[-1].time)
        picked = [(runs[0], k, f"{spectra[k].time / divisor:.4g} {unit}")
                  for k in chosen(spectra)]
    shades = colours(np.linspace(0, 0.9, max(len(picked), 2)))
    return [(run["spectra"][k], label, shade) for (run, k, label), shade in zip(picked, shades)]


def draw(plt, runs: list):
    """The whole figure."""
    figure, axes = plt.subplot_mosaic([["nyquist", "magnitude"], ["drt", "phase"]], figsize=(7.2, 6),
                                      constrained_layout=True)
    curves = curves_of(runs, plt.get_cmap("plasma"))
    draw_spectra(axes, curves)
    moments = {spectrum.time for spectrum in runs[0]["spectra"]}
    shown = sum(spectrum.gamma.max() > 0 for spectrum in runs[0]["spectra"])
    if len(runs) == 1 and len(moments) == len(runs[0]["spectra"]) > 2 and 2 * shown > len(moments):
        draw_map(figure, axes["drt"], runs[0])
    else:
        draw_lines(axes["drt"], curves)
    return figure


# ---- Other programs' formats ----

def export(run: dict):
    """ZView's .z, and a table whose names impedance.py skips as a comment."""
    folder = run["folder"] / "spectra"
    folder.mkdir(exist_ok=True)
    for k, spectrum in enumerate(run["spectra"]):
        rows = list(zip(spectrum.frequency, spectrum.z.real, spectrum.z.imag))
        (folder / f"{k:04d}.csv").write_text(
            "#frequency_Hz,z_re_ohm_cm2,z_im_ohm_cm2\n"
            + "".join(f"{f:.9g},{re:.9g},{im:.9g}\n" for f, re, im in rows))
        lines = "".join(f"{f:.9g}\t0\t0\t{spectrum.time:.9g}\t{re:.9g}\t{im:.9g}\t0\t0\t0\n"
                        for f, re, im in rows)
        (folder / f"{k:04d}.z").write_text(
            'ZPLOT2 ASCII\n"nakfield, impedance per area in ohm cm2"\nArea: 1\n'
            f"Data Points: {len(rows)}\n"
            "Freq(Hz)\tAmpl\tBias\tTime(Sec)\tZ'(a)\tZ''(b)\tGD\tErr\tRange\nEnd Comments\n" + lines)
    print(f"{folder}: {len(run['spectra'])} spectra")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", metavar="RUNDIR", nargs="+", type=pathlib.Path)
    parser.add_argument("-o", dest="stem", metavar="STEM", help="output files without the suffix")
    parser.add_argument("--until", metavar="SECONDS", type=float, default=np.inf,
                        help="leave out later spectra")
    parser.add_argument("--export", action="store_true", help="write .z and .csv of each spectrum")
    args = parser.parse_args()

    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    plt.rcParams.update({"font.size": 8, "pdf.fonttype": 42})

    runs = [read_run(folder, args.until) for folder in args.runs]
    stem = args.stem or str(args.runs[0] / "impedance" if len(runs) == 1 else "impedance")
    figure = draw(plt, runs)
    for suffix in (".png", ".pdf"):
        try:
            figure.savefig(stem + suffix, dpi=200)
        except OSError as error:
            fail(f"cannot write {stem + suffix}: {error.strerror}")
        print(stem + suffix)
    for run in runs if args.export else []:
        export(run)


if __name__ == "__main__":
    try:
        main()
    except nakfield.ReadError as error:
        fail(error)
