#!/usr/bin/env python3
"""How often 95 % intervals hold the truth: of fits, Sobol's indices, Morris's effects.

Usage: coverage.py [--seeds N] [--first SEED] [--openturns] [fits | indices ...]

Each seed, counted from --first, is a fit of three parameters to voltage and spectrum with noise,
from starts off by a factor of 3, and a study of Ishigami's function and of the g-function.  With
100 seeds each true value must be inside in 90 to 99; with fewer, in as many as chance allows.
--openturns compares the indices with those that OpenTURNS gives for the same points.
"""
import argparse
import contextlib
import csv
import io
import itertools
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.stats import binom

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nakrun  # noqa: E402
from nakrun import nakfield  # noqa: E402
from nakfield import effects, fit, plan  # noqa: E402

# ---- Fits ----

TRUTH = {
    "interphase.diffusion_time": (9, "s", 1 / 3),
    "interphase.limiting_current": (0.73, "mA/cm^2", 3),
    "kinetics.charge_transfer_resistance": (60, "ohm.cm^2", 3),
}
AREA, NOISE_V, NOISE_Z = 0.385, 0.0005, 0.01  # cm2; V; of |Z|
DECK = """impedance: {frequency_max: 1 kHz, frequency_min: 1 Hz}
protocol:
  - impedance:
  - {strip: 0.5 mA/cm^2, for: 30 s}
"""
DATA = f"""data:
  course: {{deck: deck.yaml, voltage: v.csv, sigma: {NOISE_V} V}}
  arc: {{deck: deck.yaml, spectrum: z.csv, area: {AREA} cm^2, sigma: {NOISE_Z}}}
"""


def measure(folder, run, seed):
    """The run with noise, as instruments write it."""
    random = np.random.default_rng(seed)
    time = np.arange(0.5, 30)
    voltage = np.interp(time, run.table["time_s"], run.table["voltage_V"])
    voltage += random.normal(0, NOISE_V, time.size)
    z, frequency = run.spectra[0].z / AREA, run.spectra[0].frequency
    z = z + abs(z) * (random.normal(0, NOISE_Z, (2, z.size)).T @ (1, 1j))
    for name, heads, rows in (
        ("v.csv", "Test Time / s,Voltage / V", zip(time, voltage)),
        (
            "z.csv",
            "Frequency / Hz,Real Impedance / ohm,Imaginary Impedance / ohm",
            zip(frequency, z.real, z.imag),
        ),
    ):
        lines = [heads, *(",".join(map(repr, map(float, row))) for row in rows)]
        (folder / name).write_text("\n".join(lines) + "\n")


def fit_here(folder):
    """`nakfield fit` in this process: its start takes as long as the fit."""
    os.environ.update({**nakrun.environment(), "NAKFIELD": nakrun.program()})
    os.chdir(folder)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = fit.main([str(folder / "fit.yaml"), "-j", "1"])
    if status != nakrun.DONE:
        sys.exit(f"coverage.py: the fit ended with status {status}\n{said.getvalue()}")


def fits(first, seeds):
    """Of each parameter, the seeds whose interval holds the truth."""
    covered = {key: [] for key in TRUTH}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "deck.yaml").write_text(DECK)
        settings = [f"{key}={value} {unit}" for key, (value, unit, _) in TRUTH.items()]
        nakrun.call(
            "run", "deck.yaml", *settings, "output.directory=truth", "--quiet", ranks=0,
            folder=folder,
        ).demand(nakrun.DONE)
        run = nakfield.Run(folder / "truth")
        for seed in range(first, first + seeds):
            measure(folder, run, seed)
            body = "".join(
                f"  {key}: {{start: {value * off} {unit}, from: {value / 10} {unit}, "
                f"to: {value * 10} {unit}, scale: log}}\n"
                for key, (value, unit, off) in TRUTH.items()
            )
            (folder / "fit.yaml").write_text(f"output: {folder}/out\nparameters:\n{body}{DATA}")
            fit_here(folder)
            with open(folder / "out" / "fit.csv", newline="", encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    inside = float(row["low"]) <= TRUTH[row["parameter"]][0] <= float(row["high"])
                    covered[row["parameter"]].append(inside)
            counts = ", ".join(str(sum(inside)) for inside in covered.values())
            print(f"fits: {counts} of {seed + 1 - first}", file=sys.stderr)
        os.chdir(nakrun.TOP)
    return covered


# ---- Indices ----

SETS = {"sobol": 1024, "morris": 200}
G = np.array([0, 1, 4.5, 9])


def ishigami(u):
    x, y, z = np.moveaxis(np.pi * (2 * u - 1), -1, 0)
    return np.sin(x) + 7 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x)


def g_function(u):
    return np.prod((np.abs(4 * u - 2) + G) / (1 + G), axis=-1)


def ishigami_indices():
    a, b, c = 7, 0.1, np.pi**4
    first = [0.5 * (1 + b * c / 5) ** 2, a**2 / 8, 0]
    both = 8 * b**2 * c**2 / 225
    total = [first[0] + both, first[1], both]
    return np.array([first, total]).T / (sum(first) + both)


def g_indices():
    own = 1 / (3 * (1 + G) ** 2)
    whole = np.prod(1 + own) - 1
    return np.array([own, own * np.prod(1 + own) / (1 + own)]).T / whole


def morris_effects(function, d):
    """Mean, mean size and deviation over Morris's grid, which is small."""
    levels, exact = np.arange(4) / 3, []
    for k in range(d):
        sides = [levels[:2] if j == k else levels for j in range(d)]
        grid = np.array(list(itertools.product(*sides)))
        moved = grid + 2 / 3 * np.eye(d)[k]
        effect = (function(moved) - function(grid)) * 1.5
        exact.append([effect.mean(), np.abs(effect).mean(), effect.std()])
    return np.array(exact)


def points(how, d, seed):
    """Those of a study's file."""
    axes = "".join(f"  x{k}: {{from: 0, to: 1}}\n" for k in range(d))
    asked = f"{how}: {SETS[how]}" + (", indices: yes" if how == "sobol" else "")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "study.yaml")
        path.write_text(f"deck: deck.yaml\nseed: {seed}\nhow: {{{asked}}}\nvary:\n{axes}")
        study = plan.Plan(path, lambda key: None)
        study.read()
        found = study.points(0, study.count)
    return found.reshape(SETS[how], -1, d)


CASES = {"Ishigami": (ishigami, ishigami_indices, 3), "g": (g_function, g_indices, 4)}
# Effects of 7.875 and -7.875 alone: of one size, and of the greatest deviation.
ALWAYS = ("Ishigami morris size 1", "Ishigami morris deviation 1")
NAMES = {"sobol": ("first", "total"), "morris": ("mean", "size", "deviation")}


def indices(first, seeds):
    covered = {}
    for (case, (function, exact, d)), how in itertools.product(CASES.items(), NAMES):
        truth = exact() if how == "sobol" else morris_effects(function, d)
        for seed in range(first, first + seeds):
            at = points(how, d, seed)
            values = function(at)
            found = effects.sobol(values) if how == "sobol" else effects.morris(at, values)
            for (k, n), value in np.ndenumerate(truth):
                _, low, high = found[k, n]
                key = f"{case} {how} {NAMES[how][n]} {k}"
                covered.setdefault(key, []).append(low - 1e-9 <= value <= high + 1e-9)
    return covered


def compare_with_openturns():
    """Indices of one design by both.  Ours are over the variance of both points of a set, those of
    OpenTURNS over that of the first; what is left is 1 / n and where the mean is taken."""
    import openturns as ot

    for name, (function, _, d) in CASES.items():
        at = points("sobol", d, 0)
        values = function(at)
        ours = effects.sobol(values)[..., 0] * values[:, :2].var() / values[:, 0].var()
        rows = np.concatenate([at[:, k] for k in range(d + 2)])
        design, output = ot.Sample(rows.tolist()), ot.Sample(function(rows)[:, None].tolist())
        first = ot.MauntzKucherenkoSensitivityAlgorithm(design, output, len(at))
        total = ot.JansenSensitivityAlgorithm(design, output, len(at))
        other = np.array([first.getFirstOrderIndices(), total.getTotalOrderIndices()]).T
        print(f"{name}: apart from OpenTURNS {ot.__version__} by {abs(ours - other).max():.1e}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("what", nargs="*", default=["fits", "indices"], help="fits, indices")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="seed, to share the work")
    parser.add_argument("--openturns", action="store_true")
    args = parser.parse_args()
    if args.openturns:
        return compare_with_openturns()
    least, most, failed = binom.ppf(1e-3, args.seeds, 0.95), args.seeds, False
    if args.seeds == 100:
        least, most = 90, 99  # by chance, 1.1 % of exact intervals have fewer and 0.6 % all
    for what in args.what:
        for key, inside in {"fits": fits, "indices": indices}[what](args.first, args.seeds).items():
            count = sum(inside)
            wrong = count < least or count > most and key not in ALWAYS
            failed |= wrong
            print(f"{key}: {count} of {len(inside)}{' WRONG' if wrong else ''}", flush=True)
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
