#!/usr/bin/env python3
"""Fit the five numbers of stripping to the eleven figures W1 to W10 of the experiment, running the program.

Usage: fit_interface.py [--program PROGRAM] [-j JOBS] [--steps N]

The numbers are interphase.limiting_current, .diffusion_time, .exponent, .over_limit_resistance and .film_rate.
Starting from the defaults, least squares tries at most N (6) sets of them, over their logarithms, with a derivative
of five evaluations between two sets; an evaluation takes a quarter of a minute of CPU time.  Prints fit and defaults
side by side, and the figures of both.  The defaults of the program come from such a joint fit, by hand, in a reduced
program that had only interphase, face and reservoir; this script does not change them.  They change together or not
at all: docs/validation.md.

A residual is the distance from the paper's figure over the tolerance that docs/validation.md gives; where the paper
gives a bound, what is beyond it.  "Minimal" (W5) is taken as 0 with a tolerance of 0.5 mAh/cm2, "slightly more" (W6)
as up to twice W5.  Residuals above 1 count by their amount and not by their square (soft_l1), as one figure that the
model cannot meet would rule the fit; --loss linear squares all.
"""
import argparse
import concurrent.futures
import importlib.machinery
import importlib.util
import math
import os
import tempfile
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

HERE = Path(__file__).resolve().parent
LOADER = importlib.machinery.SourceFileLoader("validate", str(HERE / "validate"))
validate = importlib.util.module_from_spec(importlib.util.spec_from_loader("validate", LOADER))
LOADER.exec_module(validate)

NUMBERS = [("interphase.limiting_current", 0.73, "mA/cm^2"), ("interphase.diffusion_time", 7.5, "s"),
           ("interphase.exponent", 2.35, ""), ("interphase.over_limit_resistance", 7.0, "kohm.cm^2"),
           ("interphase.film_rate", 8e-5, "1/s")]
DECKS = ["pulses_rest_5s", "pulses_rest_1s", "pulses_rest_2s", "pulses_rest_10s", "pulses_rest_0p1s",
         "staircase_nak50", "staircase_nak65", "staircase_nak80", "continuous_1mA", "continuous_0p25mA"]
NAMES = ["W1 bend NaK50", "W2 bend NaK65", "W3 NaK80 3 V after s", "W4 V at 1 mA/cm2", "W5 direct", "W6 rests 0.1 s",
         "W7 1 s", "W8 2 s", "W9 5 s", "W9 10 s", "W10 capacity at 0.25"]
STEP = 0.02  # of the differences, in ln; the figures have an error of some 1e-4


def overrides(values):
    return [f"{name}={value:.8g} {unit}".rstrip() for (name, _, unit), value in zip(NUMBERS, values)]


def at_the_end(run):
    """Voltage at 1 mA/cm2; where 3 V came before, on the straight line through the last levels."""
    (a, before), (b, after) = validate.levels(run)[-3:-1]
    (end, voltage) = validate.levels(run)[-1]
    return voltage if end > 0.999 else after + (after - before) / (b - a) * (1 - b)


def figures(values, jobs):
    """What the program gives for the eleven."""
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        runs = dict(zip(DECKS, pool.map(
            lambda deck: validate.start(deck, deck, overrides(values), Path(folder)), DECKS)))
    charge = {name: run.summary["capacity_mAh_cm2"] for name, run in runs.items()}
    return [validate.bend(runs["staircase_nak50"]), validate.bend(runs["staircase_nak65"]),
            runs["staircase_nak80"].summary["time_s"], at_the_end(runs["staircase_nak50"]), charge["continuous_1mA"],
            charge["pulses_rest_0p1s"], *(charge[f"pulses_rest_{off}s"] for off in (1, 2, 5, 10)),
            charge["continuous_0p25mA"]]


def residuals(found):
    nak50, nak65, nak80, volt, direct, short, one, two, five, ten, slow = found
    return np.array([(nak50 - 0.60) / 0.05, (nak65 - 0.15) / 0.03, max(0.0, math.log(nak80 / 40)),
                     max(0.0, (volt - 3) / 0.3), direct / 0.5, max(0.0, short - 2 * direct) / 0.5, (one - 2) / 0.5,
                     (two - 10) / 2.5, (five - 13) / 1.5, (ten - 13) / 1.5, max(0.0, 20 - slow)])


def misfit_of(found, loss):
    """What the fit makes least."""
    squares = residuals(found) ** 2
    return sum(squares) / 2 if loss == "linear" else sum(np.sqrt(1 + squares) - 1)


def fit(jobs, steps, loss):
    """The best numbers, and the figures at the start and there."""
    seen = {}

    def misfit(logs):
        values = np.exp(logs)
        found = figures(values, jobs)
        seen[tuple(logs)] = found
        print(f"{misfit_of(found, loss):8.4f}  " + ", ".join(overrides(values)), flush=True)
        return residuals(found)

    start = np.log([default for _, default, _ in NUMBERS])
    best = least_squares(misfit, start, method="trf", diff_step=STEP / np.abs(start).clip(0.1),
                         max_nfev=steps, loss=loss,
                         bounds=(start - 0.7, start + 0.7), xtol=1e-3, ftol=1e-3)
    return np.exp(best.x), seen[tuple(start)], seen[tuple(best.x)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--program", help="the program (build/release/nakfield)")
    parser.add_argument("-j", dest="jobs", type=int, default=os.cpu_count(), help="runs at a time")
    parser.add_argument("--steps", type=int, default=6, help="sets of numbers that are tried")
    parser.add_argument("--loss", choices=("soft_l1", "linear"), default="soft_l1", help="of large residuals")
    args = parser.parse_args()
    if args.program:
        os.environ["NAKFIELD"] = args.program
    values, before, after = fit(args.jobs, args.steps, args.loss)
    print("\n| number | default | fit |\n|---|---|---|")
    for (name, default, unit), value in zip(NUMBERS, values):
        print(f"| {name} | {default:g} {unit} | {value:.4g} {unit} |")
    print("\n| figure | default | fit | residual, default | fit |\n|---|---|---|---|---|")
    for name, *row in zip(NAMES, before, after, residuals(before), residuals(after)):
        print(f"| {name} | " + " | ".join(f"{v:.3g}" for v in row) + " |")
    print(f"\nmisfit: {misfit_of(before, args.loss):.3f} and {misfit_of(after, args.loss):.3f}")


if __name__ == "__main__":
    main()
