"""nakfield fit: entries of decks fitted to measured data by least squares; see docs/studies.md."""
import argparse
import csv
import io
import math
import os
import pathlib
import shutil
import sys

import numpy as np

from .collect import parse as parse_number
from .run import ReadError, Run
from .runner import Runner, Sample
from .store import Store
from .study import catch_signals, run_command, status_of, table
from .text import Form, InputError, List, Map, Text, parse_yaml, read_yaml, show

KEYS = ("title", "output", "parameters", "data", "starts", "seed")
PARAMETER = ("start", "from", "to", "scale", "prior")
DATA = ("deck", "set", "use", "sigma", "number", "value", "above", "below", "voltage", "spectrum")
MORE = ("from", "to", "area", "columns")
FAILED = 100.0  # residual of what a run does not have
EXPORTED = {
    "voltage": ("Test Time / s", "Voltage / V"),
    "spectrum": ("Frequency / Hz", "Real Impedance / ohm", "Imaginary Impedance / ohm"),
}


class Parameter:
    """An entry between bounds; inside it is a number from 0 to 1."""

    def __init__(self, form, key, piece, line):
        self.key, self.line, self.prior = key, line, None
        if not form.known(piece, PARAMETER) or not {"start", "from", "to"} <= set(piece):
            form.error(piece, f"{key} needs start, from and to")
            return
        (self.low, self.unit), (self.high, _), (start, _) = found = [
            form.quantity(piece[word]) for word in ("from", "to", "start")
        ]
        self.log = piece.get("scale") == "log"
        if piece.get("scale", "linear") not in ("linear", "log"):
            form.error(piece["scale"], "scale is linear or log")
        if len({unit for _, unit in found}) > 1:
            form.error(piece, f"start, from and to of {key} need one unit")
        if not self.low < self.high or not self.low <= start <= self.high:
            form.error(piece, f"{key} must go from a bound to a higher one, and start between them")
        elif self.log and self.low <= 0:
            form.error(piece, f"{key} needs bounds above 0 for scale: log")
        else:
            self.start = self.inside(start)
        if "prior" in piece:
            self._read_prior(form, piece["prior"])

    def _read_prior(self, form, piece):
        if not isinstance(piece, List) or len(piece) != 2:
            form.error(piece, "prior is [mean, deviation]")
            return
        (mean, unit), (deviation, other) = map(form.quantity, piece)
        if {unit, other} != {self.unit} or not deviation > 0:
            form.error(piece, f"mean and deviation are in '{self.unit}', the deviation above 0")
        self.prior = mean, deviation

    def inside(self, value):
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def value(self, u):
        if self.log:
            return self.low * (self.high / self.low) ** u
        return self.low + (self.high - self.low) * u


class Data:
    """One measurement, and the deck that is to give it."""

    def __init__(self, form, runner, folder, name, piece):
        self.form, self.folder, self.name, self.piece, self.number = form, folder, name, piece, None
        kinds = [word for word in ("number", "voltage", "spectrum") if word in piece]
        if not form.known(piece, DATA + MORE) or "deck" not in piece or "sigma" not in piece:
            form.error(piece, f"{name} needs a deck and sigma")
            return
        if len(kinds) != 1:
            form.error(piece, f"{name} needs number, voltage or spectrum, one of them")
            return
        self.kind, self.deck = kinds[0], str((folder / form.text(piece["deck"])).absolute())
        fixed = piece.get("set", Map())
        self.fixed = [
            (key, form.text(value), f"{form.path}:{fixed.lines[key]}")
            for key, value in fixed.items()
        ]
        self.use = piece.get("use", "fit")
        if self.use not in ("fit", "check"):
            form.error(piece["use"], "use is fit or check")
        self.x, self.measured, self.bound = np.zeros(1), None, 0
        if self.kind == "number":
            self._read_number()
        else:
            self._read_file(runner)
        self.sigma, unit = form.quantity(piece["sigma"])
        expected = {"voltage": "V", "spectrum": "", "number": self.number and self.number.unit}
        if unit != expected[self.kind] or not self.sigma > 0:
            form.error(piece["sigma"], f"sigma is above 0, in '{expected[self.kind] or '1'}'")

    def _read_number(self):
        """A value, or a bound that only counts where it is not kept."""
        form, piece = self.form, self.piece
        words = [word for word in ("value", "above", "below") if word in piece]
        try:
            self.number = parse_number(form.text(piece["number"]))
        except ValueError as error:
            form.error(piece["number"], str(error))
            return
        if len(words) != 1:
            form.error(piece, f"{self.name} needs value, above or below, one of them")
            return
        value, unit = form.quantity(piece[words[0]])
        if unit != self.number.unit:
            form.error(piece[words[0]], f"'{self.number.text}' is in '{self.number.unit or '1'}'")
        self.measured, self.bound = np.array([value]), {"above": 1, "below": -1}.get(words[0], 0)

    def _read_file(self, runner):
        """A file of a cycler or an impedance analyser, which the program reads."""
        form, piece = self.form, self.piece
        path = self.folder / form.text(piece[self.kind])
        options = [f"columns={self.folder / piece['columns']}"] if "columns" in piece else []
        try:
            text = runner.ask("export", str(path), "--bdf", *options)
        except InputError as error:
            form.error(piece[self.kind], str(error))
            return
        heading, *rows = csv.reader(io.StringIO(text))
        names = EXPORTED[self.kind]
        if not set(names) <= set(heading):
            form.error(
                piece[self.kind], f"{path} has no {', '.join(names)}, but {', '.join(heading)}"
            )
            return
        columns = [np.array([float(row[heading.index(n)]) for row in rows]) for n in names]
        low, high = (form.quantity(piece[w])[0] if w in piece else None for w in ("from", "to"))
        kept = (columns[0] >= (-np.inf if low is None else low)) & (
            columns[0] <= (np.inf if high is None else high)
        )
        self.x = columns[0][kept]
        if self.kind == "voltage":
            self.measured = columns[1][kept]
            return
        area, unit = form.quantity(piece["area"]) if "area" in piece else (math.nan, "")
        if unit != "cm^2" or not area > 0:
            form.error(piece, f"{self.name} needs the area of the measured cell, in cm^2")
        self.measured = area * (columns[1] + 1j * columns[2])[kept]

    def model(self, run):
        """What the run gives at the places of the measurement; nan where it does not."""
        if self.kind == "number":
            return np.array([self.number.of_run(run)])
        if self.kind == "voltage":
            table_ = run.table
            return np.interp(self.x, table_["time_s"], table_["voltage_V"], right=math.nan)
        return np.array([run.spectra[-1].at(f) for f in self.x] if run.spectra else [math.nan])

    def residuals(self, found):
        """Distances over sigma; of a spectrum, real and imaginary parts over sigma |Z|."""
        if self.kind == "spectrum":
            part = (found - self.measured) / (self.sigma * np.abs(self.measured))
            part = np.concatenate([part.real, part.imag])
        else:
            part = (found - self.measured) / self.sigma
        if self.bound:
            part = np.minimum(part, 0) if self.bound > 0 else np.maximum(part, 0)
        return np.clip(np.where(np.isfinite(part), part, FAILED), -FAILED, FAILED)


class Fit:
    """A fit's file, and the runs that it needs."""

    def __init__(self, path, runner):
        self.path, self.runner, self.cache = pathlib.Path(path), runner, {}
        self.form = form = Form(path)
        file = self.file = read_yaml(path)
        form.known(file, KEYS)
        for key in ("parameters", "data"):
            if not isinstance(file.get(key), Map) or not file[key]:
                form.error(1, f"there is no map {key}")
        form.raise_errors()
        parts = file["parameters"]
        self.parameters = [Parameter(form, k, v, parts.lines[k]) for k, v in parts.items()]
        for name, piece in file["data"].items():
            if not isinstance(piece, Map):
                form.error(piece, f"{name} is a map")
        form.raise_errors()
        self.data = [Data(form, runner, self.path.parent, n, p) for n, p in file["data"].items()]
        self.starts = form.whole(file["starts"], 1, 1000) if "starts" in file else 1
        self.seed = form.whole(file["seed"], 0, 2**31) if "seed" in file else 0
        self.output = pathlib.Path(file.get("output", Text(f"runs/{self.path.stem}")))
        if not form.errors and not any(data.use == "fit" for data in self.data):
            form.error(file.lines["data"], "no data set has `use: fit`")
        form.raise_errors()

    def sample(self, data, u):
        own = [
            (p.key, show(p.value(x), p.unit), f"{self.path}:{p.line}")
            for p, x in zip(self.parameters, u)
        ]
        return Sample(data.deck, data.fixed + own)

    def runs(self, points, data):
        """What the data sets' decks give at some points, side by side: lists of arrays."""
        wanted = [(d, tuple(u)) for u in points for d in data]
        fresh = {key: self.sample(*key) for key in wanted if key not in self.cache}
        self.runner.check(list(fresh.values()))
        self.runner.run(list(fresh.values()))
        for (d, u), sample in fresh.items():
            folder = self.runner.store.sample(sample.name)
            died = status_of(folder)[0] in ("died", "missing")
            try:
                found = np.array([math.nan]) if died else d.model(Run(folder))
            except (ReadError, ValueError) as error:
                raise InputError(f"{self.path}:{d.piece.line}: {d.name}: {error}") from None
            self.cache[d, u] = found, sample
        return [[self.cache[d, tuple(u)] for d in data] for u in points]

    def residuals(self, points):
        """Of the data sets that are fitted, and of priors, for each point."""
        data = [d for d in self.data if d.use == "fit"]
        priors = [(k, p) for k, p in enumerate(self.parameters) if p.prior]
        return [
            np.concatenate(
                [d.residuals(found) for d, (found, _) in zip(data, row)]
                + [[(p.value(u[k]) - p.prior[0]) / p.prior[1]] for k, p in priors]
            )
            for u, row in zip(points, self.runs(points, data))
        ]

    def slopes(self, u, step):
        """Differences into the bounds; all their runs go side by side."""
        u = np.asarray(u)
        moved = [
            u + np.where(np.arange(u.size) == k, step if x < 0.5 else -step, 0)
            for k, x in enumerate(u)
        ]
        here, *there = self.residuals([u, *moved])
        return np.stack(
            [(r - here) / (m[k] - u[k]) for k, (r, m) in enumerate(zip(there, moved))], 1
        )

    def solve(self, step):
        """The best of all starts: point, half the sum of squares, slopes."""
        from scipy.optimize import least_squares
        from scipy.stats import qmc

        random = qmc.LatinHypercube(len(self.parameters), seed=self.seed).random(self.starts - 1)
        best = None
        for n, start in enumerate([[p.start for p in self.parameters], *random]):
            found = least_squares(
                lambda u: self.residuals([u])[0],
                np.clip(start, 1e-6, 1 - 1e-6),
                lambda u: self.slopes(u, step),
                bounds=(0, 1),
                xtol=1e-5,
                ftol=1e-6,
                max_nfev=50,
            )
            print(
                f"start {n}: sum of squares {2 * found.cost:.6g} after {found.nfev} points",
                file=sys.stderr,
            )
            best = found if best is None or found.cost < best.cost else best
        return best


# ---- The answer ----


def spread(slopes):
    """Covariance of the parameters inside, and directions that the data leave free."""
    _, size, directions = np.linalg.svd(slopes, full_matrices=False)
    free = directions[size < 2]  # 95 % of them is wider than the bounds
    inverse = np.divide(1, size**2, out=np.full(size.shape, np.inf), where=size > 0)
    with np.errstate(invalid="ignore"):
        return np.nan_to_num((directions.T * inverse) @ directions, nan=np.inf), free


def answer(fit, best):
    """Lines of fit.csv: each parameter with its interval and correlations."""
    covariance, free = spread(best.jac)
    deviation = np.sqrt(np.diag(covariance))
    keys = [p.key for p in fit.parameters]
    lines = [
        [
            "parameter",
            "value",
            "low",
            "high",
            "unit",
            "at_bound",
            *(f"correlation {key}" for key in keys),
        ]
    ]
    for k, p in enumerate(fit.parameters):
        u = best.x[k]
        ends = [p.value(np.clip(u + s * 1.96 * deviation[k], 0, 1)) for s in (-1, 1)]
        bound = "yes" if min(u, 1 - u) < 1e-3 else "no"
        row = covariance[k] / (deviation[k] * deviation)
        lines.append(
            [
                p.key,
                *(f"{v:.9g}" for v in (p.value(u), *ends)),
                p.unit,
                bound,
                *(f"{r:.4f}" for r in row),
            ]
        )
    return lines, [
        " ".join(f"{x:+.2f} {key}" for x, key in zip(d, keys) if abs(x) > 0.1) for d in free
    ]


def residual_lines(fit, best):
    """Lines of residuals.csv, those of checks included."""
    lines = [["data", "use", "at", "measured", "model", "residual"]]
    for d, (found, _) in zip(fit.data, fit.runs([best.x], fit.data)[0]):
        measured, at = d.measured, d.x
        found = np.broadcast_to(found, measured.shape)
        residuals = d.residuals(found)
        if d.kind == "spectrum":
            at, measured, found = (
                np.concatenate(pair)
                for pair in ((at, at), (measured.real, measured.imag), (found.real, found.imag))
            )
        lines += [
            [d.name, d.use, *(f"{v:.9g}" for v in row)]
            for row in zip(at, measured, found, residuals)
        ]
    return lines


def carry_out_fit(args, runner):
    fit = Fit(args.fit, runner)
    fit.output.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(fit.path, fit.output / "fit.yaml")
    store = runner.store = Store(fit.output)
    deck = fit.data[0].deck
    tolerance = parse_yaml(runner.ask("run", deck, "--dry-run"), deck)["solver"]["tolerance"]
    try:
        best = fit.solve(step=min(max(math.sqrt(float(tolerance)), 1e-3), 0.05))
        lines, free = answer(fit, best)
        residuals = residual_lines(fit, best)
        for d, (_, sample) in zip(fit.data, fit.runs([best.x], fit.data)[0]):
            shutil.copyfile(
                store.sample(sample.name) / "resolved.yaml", fit.output / f"best-{d.name}.yaml"
            )
    finally:
        store.close()
    store.write("fit.csv", table(lines))
    store.write("residuals.csv", table(residuals))
    for row in lines[1:]:
        print(
            f"{row[0]} = {row[1]} {row[4]} ({row[2]} to {row[3]})"
            + (", at a bound" if row[5] == "yes" else "")
        )
    for text in free:
        print(f"the data do not fix {text}")
    count = best.fun.size - best.x.size
    print(
        f"sum of squares {2 * best.cost:.4g} with {count} degrees of freedom; in {fit.output}: "
        "fit.csv, residuals.csv, best-*.yaml"
    )


def main(argv):
    parser = argparse.ArgumentParser(prog="nakfield fit", description=__doc__.partition(";")[0])
    parser.add_argument("fit", metavar="FIT.yaml")
    parser.add_argument(
        "-j", dest="jobs", type=int, default=os.cpu_count(), help="runs side by side"
    )
    args = parser.parse_args(argv)
    if args.jobs < 1:
        parser.error("-j takes a number above 0")
    catch_signals()
    return run_command(carry_out_fit, args)
