"""nakfield fit: entries of decks fitted to measured data by least squares; see docs/studies.md."""
import argparse
import math
import os
import shutil
import sys
import tempfile

import numpy as np

from .fit_file import FitFile
from .profiles import profiles
from .ranges import FAR, Ranges, bring_inside, outside
from .run import ReadError, Run
from .runner import Runner, Sample
from .store import Store
from .study import catch_signals, run_command, status_of, table
from .text import InputError, parse_yaml, show

TOLERANCE = 1e-4  # of the parameters between their bounds, and of the sum of squares
ROUGH = 1e-2  # the same where figures have a tolerance: any point inside is as good
DEAR = 10  # runs of more than this part of the dearest are only made where the others allow it
ROUNDS = 10  # from one point of differences to the next


class Fit(FitFile):
    """A fit's file, and the runs that it needs."""

    def __init__(self, path, runner):
        super().__init__(path, runner)
        self.runner, self.cache, self.seconds, self.step = runner, {}, {}, 0.01
        self.work = {}  # of a data set's runs, the same on every machine
        self.central = False  # differences to both sides
        self.counted = self.fitted  # what least squares count
        self.left_out = {}  # the others, and how far they are outside
        self.priors = [(k, p) for k, p in enumerate(self.parameters) if p.prior]

    def find_step(self):
        """Differences: from the noise floor that `solver.tolerance` leaves."""
        deck = self.data[0].deck
        tree = parse_yaml(self.runner.ask("run", deck, "--dry-run"), deck)
        self.step = min(max(math.sqrt(float(tree["solver"]["tolerance"])), 1e-3), 0.05)

    # ---- Runs ----

    def sample(self, data, u):
        """The data set's run at a point, with what of it concerns the set."""
        own = {p.name: (p, p.value(x)) for p, x in zip(self.parameters, u) if data.name in p.of}
        wanted = [(p.key, show(value, p.unit), p.line) for p, value in own.values()]
        for tied in self.tied:
            if data.name in tied.of:
                p, value = own[tied.tied]
                wanted.append((tied.key, show(tied.factor * value, p.unit), tied.line))
        own = [(key, value, f"{self.path}:{line}") for key, value, line in wanted]
        return Sample(data.deck, data.fixed + own)

    def key(self, data, u):
        return data, tuple(x for p, x in zip(self.parameters, u) if data.name in p.of)

    def runs(self, points, sets):
        """What the sets' decks give at some points, side by side: lists of arrays."""
        needed = dict.fromkeys([*sets, *(data.other for data in sets if data.other)])
        fresh = {}
        for u in points:
            for data in needed:
                if self.key(data, u) not in self.cache:
                    fresh[self.key(data, u)] = self.sample(data, u)
        # The longest first, so that no process waits for them at the end.
        order = sorted(fresh, key=lambda key: -self.seconds.get(key[0], 0))
        self.runner.check([fresh[key] for key in order])
        self.runner.run([fresh[key] for key in order])
        for key in order:
            self.cache[key] = self._read(key[0], fresh[key]), fresh[key]
        return [[self._compared(data, u) for data in sets] for u in points]

    def _read(self, data, sample):
        folder = self.runner.store.sample(sample.name)
        if status_of(folder)[0] in ("died", "missing"):
            return np.array([math.nan])
        run = Run(folder)
        self.seconds[data] = run.summary.get("wall_s", 0)
        self.work[data] = run.summary.get("linear_iterations", 0)
        try:
            return data.model(run)
        except (ReadError, ValueError) as error:
            raise InputError(f"{self.path}:{data.piece.line}: {data.name}: {error}") from None

    def _compared(self, data, u):
        found = self.cache[self.key(data, u)][0]
        if data.other is None:
            return found
        return data.compared(found, self.cache[self.key(data.other, u)][0])

    # ---- Residuals ----

    def residuals(self, points):
        """Of the data sets that are fitted, and of priors, for each point."""
        return [
            np.concatenate(
                [data.residuals(found) for data, found in zip(self.counted, row)]
                + [[(p.value(u[k]) - p.prior[0]) / p.prior[1]] for k, p in self.priors]
            )
            for u, row in zip(points, self.runs(points, self.counted))
        ]

    def distances(self, points, go_on=None):
        """Signed distances of the data sets that count, each a number.  Where a function of
        `go_on`, one for each point, says no to those of the short runs, the others are nan."""
        most = max(self.work.get(data, 0) for data in self.counted) / DEAR
        dear = [bool(go_on) and self.work.get(data, 0) > most for data in self.counted]
        found = np.full((len(points), len(dear)), math.nan)
        for which in (False, True):
            columns = np.flatnonzero(np.array(dear) == which)
            rows = [k for k in range(len(points)) if not which or go_on and go_on[k](found[k])]
            sets = [self.counted[k] for k in columns]
            for k, numbers in zip(rows, self.runs([points[k] for k in rows], sets)):
                found[k, columns] = [
                    data.distances(number)[0] for data, number in zip(sets, numbers)
                ]
        return list(found)

    def slopes(self, u, free=None, of=None):
        """Differences within the bounds, of some parameters; all their runs go side by side."""
        u, free = np.asarray(u), range(len(u)) if free is None else free
        pairs = []
        for k in free:
            axis = self.step * (np.arange(u.size) == k)
            both = self.central and self.step <= u[k] <= 1 - self.step
            low = u - axis if both or u[k] >= 0.5 else u
            pairs.append((low, u + axis if both or u[k] < 0.5 else u))
        found = iter((of or self.residuals)([point for pair in pairs for point in pair]))
        return np.stack([(-next(found) + next(found)) / np.sum(b - a) for a, b in pairs], 1)

    def least(self, u, free, secant=None):
        """Least squares over some parameters, the others held: SciPy's result.

        Differences cost most of the runs.  So slopes follow the points, and differences at the end
        confirm that it is one, or give a new beginning.  A `secant` may come from another point.
        """
        secant, found, points = secant or self.secant(free), None, 0
        for _ in range(ROUNDS):
            before, found = found, self._least(secant, u if found is None else found.x)
            points += found.nfev
            if secant.fresh or (
                before is not None and before.cost - found.cost <= self.tolerance * before.cost
            ):
                break
            secant.renew(found.x)
        if not secant.fresh and not self.exact:  # intervals hang on the slopes
            secant.renew(found.x)
            found = self._least(secant, found.x, 1)
        found.nfev = points
        return found

    def secant(self, free):
        return Secant(self, free)

    @property
    def tolerance(self):
        return ROUGH if self.exact else TOLERANCE

    def _least(self, secant, u, most=50):
        from scipy.optimize import least_squares

        u, free = np.array(u, dtype=float), secant.free

        def whole(part):
            point = u.copy()
            point[free] = part
            return point

        found = least_squares(
            lambda part: self.residuals([whole(part)])[0],
            np.clip(u[free], 1e-6, 1 - 1e-6),
            lambda part: secant.at(whole(part)),
            bounds=(0, 1),
            xtol=self.tolerance,
            ftol=self.tolerance,
            loss=self.loss,
            max_nfev=most,
        )
        found.x = whole(found.x)
        return found

    def refit(self, u, secant):
        """The best point with the parameters held that `secant` does not free, and its sum of
        squares, as the loss counts."""
        if secant.free:
            found = self.least(u, secant.free, secant)
            return found.x, 2 * found.cost
        squares = self.residuals([u])[0] ** 2
        counted = squares if self.loss == "linear" else 2 * (np.sqrt(1 + squares) - 1)
        return u, float(counted.sum())

    def starts_inside(self):
        """That of the file, and others within the bounds."""
        from scipy.stats import qmc

        random = qmc.LatinHypercube(len(self.parameters), seed=self.seed).random(self.starts - 1)
        return [np.array([p.start for p in self.parameters]), *random]

    def solve(self):
        """The best of all starts: point, half the sum of squares, slopes."""
        best = None
        for n, start in enumerate(self.admissible_starts() if self.exact else self.starts_inside()):
            found = self.least(start, range(start.size))
            what = "best fit" if self.exact else f"start {n}"
            print(
                f"{what}: sum of squares {2 * found.cost:.6g} after {found.nfev} points",
                file=sys.stderr,
            )
            best = found if best is None or found.cost < best.cost else best
        if self.exact:
            return best
        self.central = True  # intervals hang on the slopes
        return self.least(best.x, range(best.x.size))

    # ---- Figures with a tolerance ----

    @property
    def limits(self):
        return np.array([data.limits for data in self.counted], dtype=float).T

    def distance_slopes(self, u):
        return self.slopes(u, of=self.distances)

    def admissible_starts(self):
        """The point with most figures inside; those that cannot be met with them do not count."""
        best = None
        for n, start in enumerate(self.starts_inside()):
            ask = start, self.distances, self.distance_slopes, self.limits
            found = bring_inside(*ask)
            print(
                f"start {n}: {found[1].sum()} of {len(found[1])} figures outside their tolerance",
                file=sys.stderr,
            )
            best = found if best is None or found[1].sum() < best[1].sum() else best
        self.admissible, away, nearest = best
        self.counted = [data for data, out in zip(self.fitted, away) if not out]
        self.left_out = {self.fitted[k].name: abs(nearest[k]) for k in np.flatnonzero(away)}
        return [self.admissible]

    def ranges(self, best):
        """Admissible ranges around the best point, or that from which it came."""
        print(f"ranges of {best.x.size} parameters", file=sys.stderr)
        there = outside(self.distances([best.x])[0], self.limits).any()
        point = self.admissible if there else best.x
        return Ranges(point, self.distances, self.distance_slopes, self.limits)


class Secant:
    """Slopes of the residuals along the free parameters at the points of a fit: from differences,
    and then by Broyden's rule.  `fresh` while they are those of differences."""

    def __init__(self, fit, free):
        self.fit, self.free, self.fresh = fit, list(free), False
        self.point = self.matrix = self.residuals = None

    def renew(self, u):
        self.matrix = None
        self.at(u)

    def at(self, u):
        residuals, missed = self.fit.residuals([u])[0], np.zeros(1)
        if self.matrix is not None and (u != self.point).any():
            self.fresh = False
            move = (u - self.point)[self.free]
            held = np.delete(u - self.point, self.free)
            # Of a move that is next to nothing one would learn the noise.
            if not held.any() and np.abs(move).max() >= self.fit.step / 2:
                missed = residuals - self.residuals - self.matrix @ move
                self.matrix = self.matrix + np.outer(missed, move) / (move @ move)
        if self.matrix is None or np.abs(missed).max() > FAR:
            self.matrix, self.fresh = self.fit.slopes(u, self.free), True
        self.point, self.residuals = u, residuals
        return self.matrix.copy()


# ---- The answer ----


def spread(slopes):
    """Covariance of the parameters inside, and directions that the data leave free."""
    _, size, directions = np.linalg.svd(slopes, full_matrices=False)
    free = directions[size < 2]  # 95 % of them is wider than the bounds
    inverse = np.divide(1, size**2, out=np.full(size.shape, np.inf), where=size > 0)
    with np.errstate(invalid="ignore"):
        return np.nan_to_num((directions.T * inverse) @ directions, nan=np.inf), free


def answer(fit, best, ranges):
    """Lines of fit.csv: each parameter with its interval and correlations, or its range."""
    covariance, free = spread(best.jac)
    deviation = np.sqrt(np.diag(covariance))
    labels = [p.label for p in fit.parameters]
    heads = [] if ranges else [f"correlation {label}" for label in labels]
    lines = [["parameter", "value", "low", "high", "of", "unit", "at_bound", *heads]]
    for k, p in enumerate(fit.parameters):
        u = best.x[k]
        if ranges:
            *ends, whole = ranges.of(k)
            of = "admissible range" if whole else "part of the admissible range"
        else:
            ends, of = [np.clip(u + s * 1.96 * deviation[k], 0, 1) for s in (-1, 1)], "95 %"
        bound = "yes" if min(u, 1 - u) < 1e-3 else "no"
        row = [] if ranges else covariance[k] / (deviation[k] * deviation)
        numbers = [f"{p.value(v):.9g}" for v in (u, *ends)]
        lines.append([p.label, *numbers, of, p.unit, bound, *(f"{r:.4f}" for r in row)])
    return lines, [
        " ".join(f"{x:+.2f} {label}" for x, label in zip(d, labels) if abs(x) > 0.1) for d in free
    ]


def residual_lines(fit, point):
    """Lines of residuals.csv, those of checks included."""
    lines = [["data", "use", "at", "measured", "model", "residual"]]
    for data, found in zip(fit.data, fit.runs([point], fit.data)[0]):
        measured, at = data.measured, data.x
        found = np.broadcast_to(found, measured.shape)
        residuals = data.residuals(found)
        if data.kind == "spectrum":
            at, measured, found = (
                np.concatenate(pair)
                for pair in ((at, at), (measured.real, measured.imag), (found.real, found.imag))
            )
        lines += [
            [data.name, data.use, *("" if math.isnan(v) else f"{v:.9g}" for v in row)]
            for row in zip(at, measured, found, residuals)
        ]
    return lines


def report(fit, best, lines, free):
    """What the command prints."""
    for label, value, low, high, of, unit, bound, *_ in lines[1:]:
        print(
            f"{label} = {value} {unit} ({low} to {high}{'' if of == '95 %' else ', ' + of})"
            + (", at a bound" if bound == "yes" else "")
        )
    for text in free:
        print(f"the data do not fix {text}")
    for name, distance in fit.left_out.items():
        print(
            f"{name} cannot be met together with the others, and is left out of fit and ranges: "
            f"where it comes nearest, it is {distance:.3g} tolerances off"
        )
    count = best.fun.size - best.x.size
    print(
        f"sum of squares {best.fun @ best.fun:.4g}"
        + ("" if fit.loss == "linear" else f", {2 * best.cost:.4g} as {fit.loss}")
        + f" with {count} degrees of freedom; in {fit.output}: "
        "fit.csv, residuals.csv, best-*.yaml"
    )


def print_start(fit):
    """All residuals at the start."""
    with tempfile.TemporaryDirectory() as folder:
        fit.runner.store = Store(folder)
        print(table(residual_lines(fit, [p.start for p in fit.parameters])), end="")


def carry_out_fit(args, runner):
    fit = Fit(args.fit, runner)
    if args.dry_run:
        return print_start(fit)
    fit.output.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(fit.path, fit.output / "fit.yaml")
    store = runner.store = Store(fit.output)
    fit.find_step()
    try:
        best = fit.solve()
        residuals = residual_lines(fit, best.x)
        for data in fit.data:
            sample = fit.cache[fit.key(data, best.x)][1]
            shutil.copyfile(
                store.sample(sample.name) / "resolved.yaml", fit.output / f"best-{data.name}.yaml"
            )
        store.write("residuals.csv", table(residuals))
        ranges = fit.ranges(best) if fit.exact else None
        lines, free = answer(fit, best, ranges)
        found = profiles(fit, best, lines) if args.profiles else None
    finally:
        store.close()
    store.write("fit.csv", table(lines))
    if found:
        store.write("profiles.csv", table(found))
    if args.pictures:
        from .fit_pictures import draw

        draw(fit, lines, residuals, found)
    report(fit, best, lines, free)


def main(argv):
    parser = argparse.ArgumentParser(prog="nakfield fit", description=__doc__.partition(";")[0])
    parser.add_argument("fit", metavar="FIT.yaml")
    parser.add_argument("--dry-run", action="store_true", help="print the residuals at the start")
    parser.add_argument(
        "-j", dest="jobs", type=int, default=os.cpu_count(), help="runs side by side"
    )
    parser.add_argument(
        "--profiles", action="store_true", help="also fit all others along each parameter"
    )
    parser.add_argument("--pictures", action="store_true", help="draw the residuals and profiles")
    args = parser.parse_args(argv)
    if args.jobs < 1:
        parser.error("-j takes a number above 0")
    catch_signals()
    return run_command(carry_out_fit, args)
