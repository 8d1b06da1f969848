"""Pictures of a fit, PNG: residuals of each data set, and profiles."""
import numpy as np


def _save(figure, path):
    from matplotlib import pyplot

    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _numbers(rows):
    """Residuals of all numbers, one below the other."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 1.3 + 0.25 * len(rows)), layout="constrained")
    values = np.array([float(row[5]) for row in rows])
    shown, places = np.clip(values, -5, 5), np.arange(len(rows))
    axes.axvspan(-1, 1, color="0.92")
    axes.axvline(0, color="0.6", linewidth=0.8)
    for use, marker, fill in (("fit", "o", "full"), ("check", "s", "none")):
        own = np.array([row[1] == use for row in rows])
        axes.plot(shown[own], places[own], marker, label=use, fillstyle=fill)
    for x, y, value in zip(shown, places, values):
        if abs(value) > 5:
            place = {"xytext": (0, 5), "textcoords": "offset points", "ha": "center"}
            axes.annotate(f"{value:.3g}", (x, y), fontsize=7, **place)
    axes.set_yticks(places, [row[0] for row in rows])
    axes.invert_yaxis()
    axes.set_xlim(-5.6, 5.6)
    axes.set_xlabel("residual over sigma or tolerance")
    axes.legend()
    return figure


def _voltage(name, rows):
    from matplotlib import pyplot

    at, measured, model, residual = np.array([row[2:] for row in rows], dtype=float).T
    figure, (top, bottom) = pyplot.subplots(
        2, 1, figsize=(7, 5), sharex=True, height_ratios=(2, 1), layout="constrained"
    )
    top.plot(at, measured, ".", color="0.5", label="measured")
    top.plot(at, model, "-", label="model")
    top.set_ylabel("voltage [V]")
    top.set_title(f"{name} ({rows[0][1]})")
    top.legend()
    bottom.axhspan(-1.96, 1.96, color="0.92")
    bottom.plot(at, residual, ".")
    bottom.set_xlabel("time [s]")
    bottom.set_ylabel("residual over sigma")
    return figure


def _spectrum(name, rows):
    from matplotlib import pyplot

    half = len(rows) // 2
    numbers = np.array([row[2:] for row in rows], dtype=float)
    (frequency, re, re_model, re_residual) = numbers[:half].T
    (_, im, im_model, im_residual) = numbers[half:].T
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 4), layout="constrained")
    left.plot(re, -im, ".", color="0.5", label="measured")
    left.plot(re_model, -im_model, "-", label="model")
    left.set_aspect("equal", adjustable="datalim")
    left.set_xlabel("Re Z [ohm cm²]")
    left.set_ylabel("−Im Z [ohm cm²]")
    left.set_title(f"{name} ({rows[0][1]})")
    left.legend()
    right.axhspan(-1.96, 1.96, color="0.92")
    right.semilogx(frequency, re_residual, ".", label="Re")
    right.semilogx(frequency, im_residual, ".", label="Im")
    right.set_xlabel("frequency [Hz]")
    right.set_ylabel("residual over sigma |Z|")
    right.legend()
    return figure


def _profiles(fit, profiles, lines):
    from matplotlib import pyplot

    columns = min(len(fit.parameters), 3)
    rows = -(-len(fit.parameters) // columns)
    figure, axes = pyplot.subplots(
        rows, columns, figsize=(3.4 * columns, 2.8 * rows), squeeze=False, layout="constrained"
    )
    for p, line, axis in zip(fit.parameters, lines[1:], axes.flat):
        own = [row for row in profiles[1:] if row[0] == p.label]
        values = [float(row[1]) for row in own]
        axis.plot(values, [float(row[3]) for row in own], "o-")
        axis.axvspan(float(line[2]), float(line[3]), color="0.92")
        axis.axvline(float(line[1]), color="0.6", linewidth=0.8)
        axis.set_xscale("log" if p.log and values[-1] > 10 * values[0] else "linear")
        axis.set_xlabel(f"{p.label} [{p.unit or '1'}]", fontsize=8)
        axis.set_ylabel("sum of squares", fontsize=8)
    for axis in list(axes.flat)[len(fit.parameters) :]:
        axis.set_visible(False)
    return figure


def draw(fit, lines, residuals, profiles):
    """residuals-<data set>.png, residuals-numbers.png and profiles.png in the fit's folder."""
    import matplotlib

    matplotlib.use("Agg")
    rows = residuals[1:]
    names = {data.name for data in fit.data if data.kind == "number"}
    numbers = [row for row in rows if row[0] in names and row[5]]
    if numbers:
        _save(_numbers(numbers), fit.output / "residuals-numbers.png")
    for data in fit.data:
        own = [row for row in rows if row[0] == data.name]
        if data.kind != "number":
            make = _voltage if data.kind == "voltage" else _spectrum
            _save(make(data.name, own), fit.output / f"residuals-{data.name}.png")
    if profiles:
        _save(_profiles(fit, profiles, lines), fit.output / "profiles.png")
