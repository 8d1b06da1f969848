"""nakfield report: runs, and what was measured, on one page; see docs/report.md."""
import argparse
import json
import pathlib
import sys
import tempfile
import textwrap
from html import escape

import numpy as np

from . import measured
from .draw import PANELS, draw_panel, panel_of, plain, style_of, time_unit
from .fields import plot_fields, read_frames
from .markup import END, begin, data_block, fold, picture, pyplot, table, verbatim
from .run import ReadError, Run
from .study import catch_signals, run_command
from .text import InputError, entries, parse_yaml

ALWAYS = ("voltage", "capacity", "current", "face", "u")
WHERE_THEY_CHANGE = ("deposit", "filament", "reservoir", "voids", "solids", "temperature")
SHOWN = 1000  # steps, events and half-cycles of a run
WIDE = 55  # characters of a line in a legend
SPECTRA = 6  # of a run, in one diagram
FLAT = 1e-3  # relative change of a profile that is drawn as none
SIZE = (4.4, 2.9)  # of a picture [inch]


class Literal(str):
    """A number as its file spells it."""


class Reported:
    """A run, and the texts of its folder."""

    def __init__(self, folder, runner):
        self.run, self.folder = Run(folder), pathlib.Path(folder)
        self.summary = self._summary()
        self.name = str(self.summary.get("title") or self.folder.resolve().name)
        self.original, self.resolved = self._text("original.yaml"), self._text("resolved.yaml")
        self.log = self._text("log.txt").splitlines()
        self.changed = self._changed(runner)
        self.table = self.run.table
        if "time_s" not in self.table:  # of a box without units
            self.table["time_s"] = next(iter(self.table.values()))

    def _text(self, name):
        path = self.folder / name
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    def _summary(self):
        text = self._text("summary.json")
        try:
            return json.loads(text, parse_float=Literal, parse_int=Literal) if text else {}
        except ValueError as error:
            raise ReadError(f"{self.folder}/summary.json: {error}") from None

    def _changed(self, runner):
        """Entries that are not the defaults: [key, value, default]."""
        if not self.resolved:
            return []
        path = self.folder / "resolved.yaml"
        own = dict(entries(parse_yaml(self.resolved, path)))
        usual = defaults(runner, own.get("model", "cell"))
        return [
            [key, value, usual.get(key, "")]
            for key, value in own.items()
            if key.partition(".")[0] not in ("protocol", "title")
            and key != "output.directory"
            and value != usual.get(key)
        ]

    def said(self, *words):
        """Lines of the log with one of these words."""
        return [line for line in self.log if any(word in line for word in words)]


def defaults(runner, model):
    """What an empty deck of this model comes to; {} where it cannot be empty."""
    deck = {"model": model, **({"protocol": [{"rest": "1 s"}]} if model == "cell" else {})}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "empty.yaml")
        path.write_text(json.dumps(deck), encoding="utf-8")
        try:
            return dict(entries(parse_yaml(runner.ask("run", str(path), "--dry-run"), path)))
        except InputError:
            return {}


# ---- Pictures ----


class Pictures:
    """Small figures of all runs together, one below or beside the other."""

    def __init__(self, runs, measured_):
        self.plt, self.runs, self.measured = pyplot(), runs, measured_
        self.plt.rcParams.update({"axes.grid": True, "grid.color": "0.9", "axes.axisbelow": True})
        self.time = time_unit(max(run.table["time_s"][-1] for run in runs))
        self.parts = []

    def add(self, draw):
        figure, axis = self.plt.subplots(figsize=SIZE)
        draw(axis)
        self.parts.append(picture(self.plt, figure))

    def html(self):
        parts, self.parts = "".join(self.parts), []
        return f'<div class="panels">{parts}</div>\n' if parts else ""

    def legend(self):
        """Which line is which run's."""
        if len(self.runs) == 1:
            return
        from matplotlib.lines import Line2D

        labels = [plain(textwrap.fill(run.name, WIDE)) for run in self.runs]
        handles = [Line2D([], [], **style_of(k)) for k in range(len(labels))]
        if self.measured is not None:
            handles.append(Line2D([], [], **MEASURED))
            labels.append("measured")
        lines = sum(1 + label.count("\n") for label in labels)
        figure = self.plt.figure(figsize=(SIZE[0], 0.3 + 0.18 * lines))
        figure.legend(handles, labels, loc="center", frameon=False)
        self.parts.append(picture(self.plt, figure))


MEASURED = {"color": "0.45", "linestyle": "none", "marker": ".", "markersize": 3}


def panels_of(runs):
    """Names of the panels that all runs have and that show something."""
    tables = [run.table for run in runs]
    if any(run.run.kind != "timeseries" for run in runs):
        shared = set.intersection(*map(set, tables)) - {"time_s", "dt_s", *list(tables[0])[:1]}
        return [name for name in tables[0] if name in shared]

    def there(name):
        return all(c in t for c in panel_of(name).columns for t in tables)

    def changes(name):
        return any(np.ptp(t[c]) > 0 for c in panel_of(name).columns for t in tables)

    wanted = [*ALWAYS, *(name for name in WHERE_THEY_CHANGE if there(name) and changes(name))]
    return [name for name in wanted if there(name)]


def course(pictures):
    """All panels over the time; the measured voltage stands over that of the runs."""
    tables = [run.table for run in pictures.runs]
    has_voltage = pictures.measured is not None and measured.VOLTAGE in pictures.measured

    def draw(axis, name):
        draw_panel(axis, name, tables, pictures.time)
        if name == "voltage" and has_voltage:
            times = pictures.measured[measured.TIME] / pictures.time[0]
            axis.plot(times, pictures.measured[measured.VOLTAGE], **MEASURED)

    pictures.legend()
    for name in panels_of(pictures.runs):
        pictures.add(lambda axis, name=name: draw(axis, name))
        if name == "voltage" and has_voltage:
            pictures.add(lambda axis: draw_voltage_residuals(axis, pictures))
    return pictures.html()


def voltage_residuals(run, measured_):
    """Times and what was measured less what the run has, within the run."""
    times, there = measured_[measured.TIME], run.table
    within = (times >= there["time_s"][0]) & (times <= there["time_s"][-1])
    found = measured_[measured.VOLTAGE][within]
    time, voltage = there["time_s"], there["voltage_V"]
    after = found - np.interp(times[within], time, voltage)  # at a switch, which has two rows
    before = found - np.interp(-times[within], -time[::-1], voltage[::-1])
    return times[within], np.where(abs(before) < abs(after), before, after)


def draw_voltage_residuals(axis, pictures):
    for k, run in enumerate(pictures.runs):
        times, residual = voltage_residuals(run, pictures.measured)
        style = {**style_of(k), "linestyle": "none", "marker": ".", "markersize": 2, "markevery": 1}
        axis.plot(times / pictures.time[0], 1e3 * residual, **style)
    axis.axhline(0, color="0.6", linewidth=0.8)
    axis.set_xlabel(f"Time ({pictures.time[1]})")
    axis.set_ylabel("Measured less model (mV)")


def spectrum_residuals(run, one):
    """Frequencies, and what was measured less the run's last spectrum over the modulus."""
    last = run.run.spectra[-1]
    low, high = last.frequency.min() * (1 - 1e-9), last.frequency.max() * (1 + 1e-9)
    frequency = one.frequency[(one.frequency >= low) & (one.frequency <= high)]
    model = np.array([last.at(f) for f in frequency])
    return frequency, (np.array([one.at(f) for f in frequency]) - model) / abs(model)


def chosen(run):
    """Some spectra from the first to the last."""
    count = len(run.run.spectra)
    return sorted({round(k) for k in np.linspace(0, count - 1, min(count, SPECTRA))})


def spectra(pictures, one):
    """Nyquist's diagram and relaxation times; of several runs the last spectrum of each."""
    runs = [(k, run) for k, run in enumerate(pictures.runs) if run.run.spectra]
    if not runs and one is None:
        return ""
    single = len(pictures.runs) == 1
    curves = []
    for k, run in runs:
        for n in chosen(run) if single else [-1]:
            spectrum = run.run.spectra[n]
            time = f"{spectrum.time / pictures.time[0]:.4g} {pictures.time[1]}"
            shade = style_of(n if single else k)
            label = plain(textwrap.fill(time if single else f"{run.name}, {time}", WIDE))
            curves.append((spectrum, label, shade))

    def nyquist(axis):
        for spectrum, label, style in curves:
            axis.plot(spectrum.z.real, -spectrum.z.imag, label=label, **style)
        if one is not None:
            axis.plot(one.z.real, -one.z.imag, label="measured", **MEASURED)
        axis.set_aspect("equal", adjustable="datalim")
        axis.set_xlabel("Re Z (Ω cm²)")
        axis.set_ylabel("−Im Z (Ω cm²)")
        axis.legend(frameon=False, fontsize=7)

    def times(axis):
        for spectrum, label, style in curves:
            if spectrum.tau is not None:
                axis.semilogx(spectrum.tau, spectrum.gamma, label=label, **style)
        axis.set_xlabel("τ (s)")
        axis.set_ylabel("γ (Ω cm²)")

    def residuals(axis):
        for k, run in runs:
            frequency, residual = spectrum_residuals(run, one)
            axis.semilogx(frequency, 100 * residual.real, **style_of(k))
            axis.semilogx(frequency, 100 * residual.imag, **{**style_of(k), "linestyle": "--"})
        axis.set_xlabel("Frequency (Hz)")
        axis.set_ylabel("Measured less model over |Z| (%)\nRe solid, Im dashed")

    pictures.add(nyquist)
    if any(spectrum.tau is not None for spectrum, _, _ in curves):
        pictures.add(times)
    if one is not None and runs:
        pictures.add(residuals)
    return "<h2>Spectra</h2>\n" + pictures.html()


def last_fields(pictures, run):
    """The last frames in 2D and 3D, the last profile of a column."""
    try:
        if run.run.kind != "timeseries" or not run.run.times:
            return ""
        frames = read_frames(run.run)
    except (ImportError, ReadError) as error:
        return f"<p>{escape(str(error))}</p>\n"
    if frames is not None:
        figure = plot_fields(pictures.plt, frames, "void" in frames["frames"][-1])
        return picture(pictures.plt, figure)
    frame = run.run.frame(-1, ("c",))
    if "c" not in frame or frame.grid["region"][0].size > 1:
        return ""
    for region, name, factor, unit in ((1, "interphase", 1e9, "nm"), (2, "alloy", 1e6, "µm")):
        layers = frame.grid["region"][:, 0, 0] == region
        if layers.any():
            pictures.add(lambda axis: draw_profile(axis, frame, layers, name, factor, unit))
    return pictures.html()


def draw_profile(axis, frame, layers, name, factor, unit):
    z = frame.grid["z"]
    middle = factor * (z[1:] + z[:-1])[layers] / 2
    content = 1e-3 * frame["c"][layers][:, 0, 0]
    axis.plot(middle, content, ".-", color=style_of(0)["color"])
    if np.ptp(content) < FLAT * content.mean():  # no picture of rounding
        axis.set_ylim(content.mean() * (1 - FLAT), content.mean() * (1 + FLAT))
    axis.ticklabel_format(useOffset=False)
    axis.set_xlabel(f"z in the {name} ({unit})")
    axis.set_ylabel(f"Na at {frame.time:.6g} s (mol/l)")


# ---- Tables ----


def overview(runs):
    """One column a run: what its summary says in single values."""
    scalars = {}
    for run in runs:
        for key, value in run.summary.items():
            if isinstance(value, str):
                scalars[key] = None
            elif isinstance(value, dict):
                scalars.update(dict.fromkeys(f"{key}.{part}" for part in value))

    def value(run, key):
        first, _, part = key.partition(".")
        found = run.summary.get(first, "")
        return found.get(part, "") if isinstance(found, dict) else found

    lines = [["", *(run.folder for run in runs)]]
    if not all(run.summary for run in runs):
        lines.append(["state", *("ended" if r.summary else "has not ended" for r in runs)])
    return table(lines + [[key, *(value(run, key) for run in runs)] for key in scalars], True)


def listed(items):
    """A table of things that are alike; what is too much is counted."""
    if not items:
        return ""
    names = list(dict.fromkeys(name for item in items for name in item))
    lines = [names, *([item.get(name, "") for name in names] for item in items[:SHOWN])]
    more = len(items) - SHOWN
    return table(lines) + (f"<p>{more} more</p>\n" if more > 0 else "")


def details(run, is_open):
    """All of one run."""
    lines = "".join(f"<li>{escape(line)}</li>\n" for line in run.said("warning: "))
    goes_on = run.said(" goes on from ", "  with ")
    restarts = "".join(f"<li>{escape(line)}</li>\n" for line in goes_on)
    changed = [["entry", "value", "default"], *run.changed]
    return (
        fold("Warnings", lines and f"<ul>\n{lines}</ul>\n", True)
        + fold("Events", listed(run.summary.get("events", [])), is_open)
        + fold("Steps", listed(run.summary.get("steps", [])), is_open)
        + fold("Half-cycles", listed(run.summary.get("half_cycles", [])))
        + fold("Entries that are not the defaults", run.changed and table(changed), is_open)
        + fold("The deck as it was written", verbatim(run.original))
        + fold("All entries", verbatim(run.resolved))
        + fold("Restarts", restarts and f"<ul>\n{restarts}</ul>\n", True)
        + fold("Log", verbatim("\n".join(run.log)))
    )


def agreement(runs, given, one):
    """How far the runs are from what was measured."""
    lines = [["run", "compared", "points", "root mean square", "greatest", "at"]]
    for run in runs:
        if given is not None and measured.VOLTAGE in given:
            lines.append([run.name, "voltage (V)", *_figures(*voltage_residuals(run, given), "s")])
        if one is not None and run.run.spectra:
            figures = _figures(*spectrum_residuals(run, one), "Hz")
            lines.append([run.name, "last spectrum, over |Z|", *figures])
    return "<h2>Measured less model</h2>\n" + table(lines) if len(lines) > 1 else ""


def _figures(places, residuals, unit):
    if places.size == 0:
        return [0, "", "", ""]
    worst = int(abs(residuals).argmax())
    mean = float(np.sqrt((abs(residuals) ** 2).mean()))
    greatest = f"{abs(residuals[worst]):.6g}"
    return [places.size, f"{mean:.6g}", greatest, f"{places[worst]:.6g} {unit}"]


# ---- The command ----


def page(runs, given, one, source):
    """The whole page."""
    pictures = Pictures(runs, given)
    title = runs[0].name if len(runs) == 1 else f"{len(runs)} runs"
    single = len(runs) == 1
    parts = [begin(title), "<h2>How it ended</h2>\n", overview(runs)]
    if source:
        parts.append(f"<p>Measured: {escape(str(source))}</p>\n")
    parts += ["<h2>Course</h2>\n", course(pictures), spectra(pictures, one)]
    parts.append(agreement(runs, given, one))
    for run in runs:
        parts.append(f"<h2>{'The run' if single else escape(run.name)}</h2>\n")
        parts.append(fold("Last fields", last_fields(pictures, run), single))
        parts.append(details(run, single))
    summaries = [{"folder": str(run.folder), "summary": run.run.summary} for run in runs]
    return "".join(parts) + data_block("runs", summaries) + END


def read_given(args, runner):
    """What was measured: a table over time, and a spectrum, of which one is None."""
    if args.measured is None:
        return None, None
    given = measured.read_measured(runner, args.measured, args.entries)
    if measured.FREQUENCY in given:
        return None, measured.spectrum_of(given, args.area)
    if measured.VOLTAGE not in given:
        raise InputError(f"{args.measured} has neither voltages nor a spectrum")
    return given, None


def carry_out_report(args, runner):
    runs = [Reported(folder, runner) for folder in args.runs]
    given, one = read_given(args, runner)
    text = page(runs, given, one, args.measured)
    single = len(runs) == 1
    path = pathlib.Path(args.output or (args.runs[0] / "report.html" if single else "report.html"))
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; -o names another file") from None
    print(path)


def main(argv):
    parser = argparse.ArgumentParser(prog="nakfield report", description="runs on one page of HTML")
    parser.add_argument("runs", metavar="RUN", nargs="+", type=pathlib.Path)
    parser.add_argument("--measured", metavar="FILE", help="a cycler's table or a spectrum")
    parser.add_argument("--area", type=float, help="of the measured cell, in cm^2, for a spectrum")
    parser.add_argument(
        "-e",
        dest="entries",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="for `nakfield export`, such as columns=FILE",
    )
    parser.add_argument("-o", dest="output", metavar="FILE", help="by default RUN/report.html")
    args = parser.parse_args(argv)
    args.jobs = 1
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        print("nakfield: a report needs matplotlib (Debian: python3-matplotlib)", file=sys.stderr)
        return 1
    catch_signals()
    return run_command(carry_out_report, args)
