#!/usr/bin/env python3
"""Plot the spectra of a run: Nyquist, Bode, and the relaxation times against time.

Usage: plot_impedance.py [-o STEM] [--until SECONDS] [--at SECONDS,...] [--lines] [--export] RUNDIR
...

Draws STEM.png and STEM.pdf, by default RUNDIR/impedance.  For several runs it is impedance in the
current directory: their first spectra are compared, or those nearest to the times of --at.  Option
--panels chooses of nyquist, magnitude, phase and drt; --lines draws the relaxation times as lines
where a map would be: of more than 8 spectra.  With --export each spectrum is also written below
RUNDIR/spectra: NNNN.z for ZView, and NNNN.csv with the columns frequency, real and imaginary part
and no heading, as impedance.py reads them.  Impedances are per area, in ohm cm2.  Nyquist's diagram
leaves out points far above those of the other spectra, as in a collapse; Bode's has them all.

Example: scripts/plot_impedance.py --until 700 runs/operando_stripping
"""
import argparse
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "python"))

import nakfield  # noqa: E402
from nakfield.draw import plain, round_apart, style_of, time_unit  # noqa: E402
from nakfield.figures import add_options, pyplot, save, words  # noqa: E402

SHOWN = 8       # spectra in one diagram
ALIKE = 0.03    # greatest relative difference of spectra that cannot be told apart
FLOOR = 0.04    # of gamma that a map still shows, over the median of the spectra's greatest
CEILING = 4     # of |Z|, over the median of the spectra's greatest: a collapse would hide all else
PANELS = ["nyquist", "magnitude", "drt", "phase"]


def fail(message):
    """Leave with a message."""
    sys.exit(f"plot_impedance.py: {message}")


# ---- Reading ----

def read_run(folder: pathlib.Path, until: float) -> dict:
    """Spectra and relaxation times of a run up to a time, in the order of time."""
    spectra = [spectrum for spectrum in nakfield.Run(folder).spectra if spectrum.time <= until]
    if not spectra:
        span = f" up to {until:g} s" if np.isfinite(until) else ""
        fail(f"{folder} has no spectra{span}: does its protocol ask for them?")
    if spectra[-1].tau is None:
        fail(f"{folder} does not have the relaxation times of all spectra")
    return {"folder": folder, "spectra": spectra}


# ---- Drawing ----

def chosen(spectra: list) -> list:
    """Spectra to show: all, or some of them from the first to the last, at equal changes."""
    if len(spectra) <= SHOWN:
        return list(range(len(spectra)))
    z = np.log(np.abs([spectrum.z for spectrum in spectra]))
    way = np.append(0, np.cumsum(np.abs(np.diff(z, axis=0)).max(axis=1)))
    return sorted({int(np.argmin(np.abs(way - part))) for part in np.linspace(0, way[-1], SHOWN)})


def draw_nyquist(axis, curves):
    high = CEILING * np.median([abs(spectrum.z).max() for spectrum, _, _ in curves])
    for spectrum, label, style in curves:
        shown = np.where(abs(spectrum.z) <= high, spectrum.z, np.nan)
        axis.plot(shown.real, -shown.imag, label=label,
                  **{"marker": ".", "markersize": 3, "linewidth": 1, **style})
    axis.set_xlabel("Re Z (Ω cm²)")
    axis.set_ylabel("−Im Z (Ω cm²)")
    axis.set_aspect("equal", adjustable="datalim")


def lower(figure, axis):
    """Move Nyquist's arcs to the bottom of the panel, where equal scales leave room in it: the
    legend is in the room above."""
    least = axis.dataLim.y0
    figure.draw_without_rendering()
    low, high = axis.get_ylim()
    bottom = min(least, 0) - 0.04 * (high - low)
    if low < bottom:
        axis.set_ylim(bottom, bottom + high - low)


def plain_ticks(axis):
    """Numbers on a logarithmic axis, more than one of them."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

    low, high = axis.get_view_interval()
    axis.set_major_locator(MaxNLocator(5) if high < 5 * low else LogLocator(subs=(1, 2, 5), numticks=20))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(StrMethodFormatter("{x:.6g}"))


def draw_bode(axis, curves, name):
    for spectrum, label, style in curves:
        if name == "magnitude":
            axis.loglog(spectrum.frequency, abs(spectrum.z), linewidth=1, label=label, **style)
        else:
            degrees = np.degrees(np.angle(spectrum.z))
            axis.semilogx(spectrum.frequency, degrees, linewidth=1, label=label, **style)
    if name == "magnitude":
        plain_ticks(axis.yaxis)
    axis.set_ylabel("|Z| (Ω cm²)" if name == "magnitude" else "Phase (°)")
    axis.set_xlabel("Frequency (Hz)")


def edges(values):
    """Of cells around values that grow by one factor."""
    factor = np.sqrt(values[1] / values[0])
    return np.append(values / factor, values[-1] * factor)


def band(spectra) -> tuple:
    """Relaxation times that the frequencies measure; those beyond are extrapolated."""
    frequencies = np.concatenate([spectrum.frequency for spectrum in spectra])
    return 1 / (2 * np.pi * frequencies.max()), 1 / (2 * np.pi * frequencies.min())


def draw_lines(axis, curves: list):
    """Relaxation times of (spectrum, label, style)."""
    for spectrum, label, style in curves:
        axis.semilogx(spectrum.tau, spectrum.gamma, linewidth=1, label=label, **style)
    axis.set_xlim(*band([spectrum for spectrum, _, _ in curves]))
    axis.set_xlabel("τ (s)")
    axis.set_ylabel("γ (Ω cm²)")


def spans(moments):
    """First and last time at which each spectrum is drawn: to the middle between it and its
    neighbours. It is not drawn before the first spectrum or after the last, and not far into a
    pause."""
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


def curves_of(runs, at, colours):
    """What is drawn, as (spectrum, label, style): the spectra in the course of one run, the first
    ones of several; or those nearest to some times, with the time that each has."""
    picked = [(run, spectrum) for run in runs for spectrum in picked_of(run, len(runs) == 1, at)]
    divisor, unit = time_unit(max(spectrum.time for _, spectrum in picked))
    labels, moments = [], round_apart([spectrum.time / divisor for _, spectrum in picked])
    for (run, spectrum), moment in zip(picked, moments):
        name, time = plain(run["folder"].resolve().name), f"{moment} {unit}"
        labels.append(time if len(runs) == 1 else f"{name}, {time}" if at else name)
    if 1 < len(runs) == len(picked):
        kept = ("color", "marker", "markevery", "markersize")
        styles = [{key: style_of(k)[key] for key in kept} for k in range(len(runs))]
    else:
        styles = [{"color": shade} for shade in colours(np.linspace(0, 0.9, max(len(picked), 2)))]
    return [(spectrum, *more) for (_, spectrum), *more in zip(picked, labels, styles)]


def likeness(curves):
    """How far spectra are apart, if they lie on each other in the picture; else nothing."""
    if len(curves) < 2 or len({len(spectrum.z) for spectrum, _, _ in curves}) > 1:
        return None
    z = np.array([spectrum.z for spectrum, _, _ in curves])
    apart = (abs(z - z[0]) / abs(z[0])).max()
    return f"apart by at most {100 * apart:.1g} %" if apart < ALIKE else None


def picked_of(run, alone, at):
    """The spectra of a run that are drawn."""
    spectra = run["spectra"]
    if at:
        moments = np.array([spectrum.time for spectrum in spectra])
        return [spectra[n] for n in sorted({int(abs(moments - time).argmin()) for time in at})]
    return [spectra[n] for n in chosen(spectra)] if alone else spectra[:1]


def draw(plt, runs, args):
    """The whole figure."""
    names = args.panels or PANELS
    columns = 1 if len(names) == 1 else 2
    rows = -(-len(names) // columns)
    figure, axes = plt.subplots(rows, columns, squeeze=False, constrained_layout=True,
                                figsize=args.size or (3.6 * columns, 3 * rows))
    curves = curves_of(runs, args.at, plt.get_cmap("plasma"))
    spectra = runs[0]["spectra"]
    shown = sum(spectrum.gamma.max() > 0 for spectrum in spectra)
    times = len({spectrum.time for spectrum in spectra})
    mapped = len(runs) == 1 and times == len(spectra) > SHOWN and 2 * shown > times
    for axis, name in zip(axes.ravel(), names):
        axis.grid(name != "drt" or not mapped or args.lines)
        if name == "nyquist":
            draw_nyquist(axis, curves)
        elif name != "drt":
            draw_bode(axis, curves, name)
        elif mapped and not args.lines:
            draw_map(figure, axis, runs[0])
        else:
            draw_lines(axis, curves)
    for axis in axes.ravel()[len(names):]:
        axis.axis("off")
    if "nyquist" in names:
        lower(figure, axes.ravel()[names.index("nyquist")])
    axes[0, 0].legend(title=likeness(curves), ncol=1 + (len(curves) > 4), frameon=False, fontsize=7,
                      title_fontsize=7)
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
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("runs", metavar="RUNDIR", nargs="+", type=pathlib.Path)
    add_options(parser)
    parser.add_argument("--panels", type=words, metavar="NAME,...", help=f"of {', '.join(PANELS)}")
    parser.add_argument("--at", type=lambda text: [float(t) for t in text.split(",")],
                        metavar="SECONDS,...", help="the spectra nearest to these times")
    parser.add_argument("--lines", action="store_true", help="relaxation times as lines, also of many spectra")
    parser.add_argument("--until", metavar="SECONDS", type=float, default=np.inf,
                        help="leave out later spectra")
    parser.add_argument("--export", action="store_true", help="write .z and .csv of each spectrum")
    args = parser.parse_args()

    unknown = set(args.panels or []) - set(PANELS)
    if unknown:
        parser.error(f"there is no panel {', '.join(unknown)}; panels are {', '.join(PANELS)}")
    plt = pyplot(args)
    runs = [read_run(folder, args.until) for folder in args.runs]
    stem = args.stem or str(args.runs[0] / "impedance" if len(runs) == 1 else "impedance")
    save(draw(plt, runs, args), stem, args.formats)
    for run in runs if args.export else []:
        export(run)


if __name__ == "__main__":
    try:
        main()
    except nakfield.ReadError as error:
        fail(error)
