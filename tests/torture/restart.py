#!/usr/bin/env python3
"""Restart every shipped deck, shortened, at random steps: to the bit what the uninterrupted run
wrote.

A run keeps a checkpoint of every step; for each case the run is cut back to one of them and
continued. `--count N` restarts of each deck, `--all` for every step; on another number of ranks,
`--other-ranks` compares voltages and capacities with the uninterrupted run instead.
"""
import argparse
import random
import shutil
import subprocess
import sys
import time

import torture
from torture import nakrun

import test_decks

SAME = {"default": 1e-6, "tight": 1e-11}


def cut(folder, name, keep):
    """A copy of a run that was killed after its checkpoint `keep`."""
    place = folder.path / name
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(folder.path / "whole", place)
    (place / "summary.json").unlink()
    for path in torture.checkpoints(place):
        if path.name > keep.name:
            path.unlink()
    return place


def run_whole(folder, deck, ranks, extra=()):
    overrides = [*test_decks.shorten(deck), *test_decks.coarsen(deck), "checkpoint.steps=1",
                 "checkpoint.every=0 s", "checkpoint.keep=1000"]
    nakrun.call("run", deck, f"output.directory={folder.path / 'whole'}", *overrides, *extra, "--quiet",
                "--replace", ranks=ranks if ranks > 1 else 0).demand(nakrun.DONE)
    return torture.checkpoints(folder.path / "whole")


def choose(points, count):
    return points if count is None or count >= len(points) else random.sample(points, count)


def same_bits(deck, count, ranks, failures):
    """Restart at steps of one deck; how many."""
    with torture.Folder() as folder:
        points = run_whole(folder, deck, ranks)
        reference = torture.fingerprint(folder.path / "whole")
        chosen = choose(points, count)
        for point in chosen:
            place = cut(folder, "again", point)
            output = folder.again("again", ranks=ranks)
            wrong = torture.differences(place, reference) if output.status == 0 else [output.err]
            if wrong:
                failures.append(f"{deck.stem} at {point.name}: {wrong[:5]}")
        return len(chosen), len(points)


def distance(run, other):
    """Largest difference of what the steps report, or of where phases end, relative."""
    worst = 0
    if "free_energy" in other.summary:
        assert run.summary["nuclei"] == other.summary["nuclei"]
        return max(nakrun.relative(run.summary[key], other.summary[key])
                   for key in ("time", "free_energy", "liquid", "solid_b"))
    for mine, theirs in zip(run.summary["steps"], other.summary["steps"]):
        for key in ("voltage_V", "capacity_mAh_cm2"):
            worst = max(worst, abs(mine[key] - theirs[key]) / max(1.0, abs(theirs[key])))
    return worst if len(run.summary["steps"]) == len(other.summary["steps"]) else float("inf")


def other_ranks(deck, count, tight, failures):
    """Restart a run of 2 ranks on 1, 3 and 4; the worst distance."""
    worst, cases = 0, 0
    tighter = "petsc=[-mix_ksp_rtol 1e-13]" if deck in test_decks.PHASES else "solver.linear_tolerance=1e-14"
    extra = [tighter] if tight else []
    with torture.Folder() as folder:
        points = run_whole(folder, deck, 2, extra)
        whole = nakrun.Run(folder.path / "whole", None)
        for point in choose(points, count):
            for ranks in (1, 3, 4):
                place = cut(folder, "again", point)
                output = folder.again("again", ranks=ranks)
                cases += 1
                if output.status != 0:
                    failures.append(f"{deck.stem} at {point.name} on {ranks}: {output.err}")
                    continue
                worst = max(worst, distance(nakrun.Run(place, output), whole))
    bound = SAME["tight" if tight else "default"]
    if worst > bound:
        failures.append(f"{deck.stem} on other ranks: {worst:.1e} > {bound:.0e}")
    return cases, worst


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1, help="of the choice of steps")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--other-ranks", action="store_true")
    parser.add_argument("--tight", action="store_true", help="with a linear tolerance of 1e-14")
    parser.add_argument("decks", nargs="*", help="names of shipped decks; default: all")
    given = parser.parse_args()
    decks = [path for path in test_decks.SHIPPED + test_decks.PHASES if not given.decks or path.stem in given.decks]
    began, failures, cases, steps, worst = time.time(), [], 0, 0, 0.0
    random.seed(given.seed)
    for deck in decks:
        try:
            if given.other_ranks:
                n, far = other_ranks(deck, given.count, given.tight, failures)
                cases, worst = cases + n, max(worst, far)
            else:
                n, of = same_bits(deck, None if given.all else given.count, given.ranks, failures)
                cases, steps = cases + n, steps + of
        except (AssertionError, subprocess.TimeoutExpired) as wrong:
            failures.append(f"{deck.stem}: {wrong}")
    line = (f"{cases} restarts of {len(decks)} decks on other ranks, worst distance {worst:.1e}"
            if given.other_ranks else
            f"{cases} restarts at {steps} steps of {len(decks)} decks on {given.ranks} ranks, bit for bit")
    return torture.report(line, failures, began)


if __name__ == "__main__":
    sys.exit(main())
