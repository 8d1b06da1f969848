#!/usr/bin/env python3
"""Files of several pieces by several writers.

A rank is killed, above all a writer that is not rank 0; or the disk of one such writer fails or is
full. Nothing is lost, all ranks end, and a restart leaves no stray file.

usage: writers.py LIBRARY [--count KILLS] [--faults N] [--ranks N] [--writers N] [--chain N ...]
[--large]

The library is that of faults.c.  A chain, such as 16 3 64, is a run on so many ranks, restarted on
others.
"""
import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import time

import h5py
import kill9
import numpy as np
import torture
from torture import nakrun

# Checkpoints of 3 pieces, frames of 1; at the end grid, frames and checkpoints have been written
# many times.
DECK = """
title: writers
model: cahn_hilliard
box: {nx: 64, ny: 96, nz: 96, width: 64, depth: 96, height: 96}
time: {end: 0.5, first_step: 0.5, fixed: true, frames: [0.1, 0.2, 0.5]}
checkpoint: {every: 0 s, steps: 1}
"""
# The first checkpoint has 15 pieces: two writers whose disk takes a second for each need 7 s for
# it.
LARGE = ("box.nx=192", "box.ny=128", "box.nz=160", "box.width=192", "box.depth=128", "box.height=160",
         "time.frames=[0.5]", "checkpoint.steps=6")
LIMIT = 5  # from a fault to the end of all ranks [s]
KINDS = {"disk": 12, "full": 12, "sync": 12, "cut": 12}  # up to which call of a writer


def rank_of(pid):
    with open(f"/proc/{pid}/environ", "rb") as file:
        found = re.search(rb"OMPI_COMM_WORLD_RANK=(\d+)", file.read())
    return int(found[1]) if found else -1


def victims(process, folder, given):
    """A writer that is not rank 0, any rank, or all."""
    found = []
    while len(found) < given.ranks and process.poll() is None:
        time.sleep(0.01)
        found = kill9.ranks_of(folder)
    kind = random.randrange(4)
    if kind == 0 or not found:
        return found
    if kind == 1:
        return [random.choice(found)]
    try:
        return [pid for pid in found if rank_of(pid) == random.randrange(1, given.writers)][:1]
    except OSError:  # it has just ended
        return []


def start(folder, injector, kind, number, rank, *extra, slow=0):
    """A run whose ranks say how they end, with a fault on one of them."""
    mark = folder.path / "mark"
    mark.unlink(missing_ok=True)
    launcher = [os.environ.get("MPIEXEC", shutil.which("mpirun")), "--mca", "orte_abort_on_non_zero_status", "0"]
    program = [nakrun.program(), "run", folder.deck, f"output.directory={folder.path / 'run'}", *folder.columns,
               *extra, "--replace", "--quiet"]
    command = [*launcher, "-n", str(folder.ranks), "sh", "-c", '"$@"; echo "ended with $?"', "sh", *program]
    return mark, subprocess.Popen(
        [str(word) for word in command], start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, env={**nakrun.environment(), "FAULT": f"{kind}:{number}", "LD_PRELOAD": injector,
                        "FAULT_RANK": str(rank), "FAULT_MARK": str(mark), "FAULT_SLOW": str(slow)})


def fault(folder, injector, kind, given, reference):
    """One fault of a writer; what was wrong about it, and seconds to the end of all."""
    number, rank = random.randrange(1, KINDS[kind]), random.randrange(1, given.writers)
    name, place, wrong = f"{kind}:{number} of rank {rank}", folder.path / "run", []
    shutil.rmtree(place, ignore_errors=True)
    mark, process = start(folder, injector, kind, number, rank)
    try:
        text, _ = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        return [f"{name}: hung: {process.communicate()[0][-300:]}"], 0
    ended = [int(status) for status in re.findall(r"ended with (\d+)", text)]
    seconds = time.time() - mark.stat().st_mtime if mark.exists() else 0
    if kind == "cut":  # MPI ends the others; the shell of a rank may be among them
        if mark.exists() and 0 in ended:
            wrong.append(f"{name}: a rank went on: {ended}")
    else:
        expected = [nakrun.OUTPUT if mark.exists() else nakrun.DONE] * given.ranks
        if ended != expected or (mark.exists() and text.count("cannot write") != 1):
            wrong.append(f"{name}: {ended}, not {expected}: {text[-300:]}")
        wrong += [f"{name}: stray {stray}" for stray in torture.strays(place)]
    if seconds > LIMIT:
        wrong.append(f"{name}: the ranks ended after {seconds:.1f} s")
    if mark.exists():
        again = folder.again("run", ranks=given.ranks)
        wrong += [f"{name}: restart: {again.err}"] if again.status != 0 or "damaged" in again.err else \
            [f"{name}: restart: {what}" for what in torture.differences(place, reference) + torture.strays(place)]
    return wrong, seconds


def large_file(folder, injector, given):
    """A writer fails early in a checkpoint of many pieces, and the disk of the others is slow; as
    `fault`.
    """
    shutil.rmtree(folder.path / "run", ignore_errors=True)
    mark, process = start(folder, injector, "disk", 4, given.writers - 1, *LARGE, slow=1)
    text, _ = process.communicate(timeout=600)
    seconds = time.time() - mark.stat().st_mtime if mark.exists() else 0
    wrong = text.count("ended with 4") != given.ranks or text.count("checkpoint/") != 1
    return [f"large file: {seconds:.1f} s: {text[-300:]}"] if wrong or seconds > LIMIT else [], seconds


def chain(folder, ranks):
    """A run that is continued on other ranks, as often as there are; its distance from the whole
    one.
    """
    place = folder.path / "run"
    shutil.rmtree(place, ignore_errors=True)
    folder.new("chain", "checkpoint.keep=1000", ranks=ranks[0]).demand(nakrun.DONE)
    shutil.copytree(folder.path / "chain", place)
    points = torture.checkpoints(place)
    for turn, number in enumerate(ranks[1:], 1):
        for path in torture.checkpoints(place):
            if path.name > points[turn * len(points) // len(ranks)].name:
                path.unlink()
        (place / "summary.json").unlink()
        folder.again("run", ranks=number).demand(nakrun.DONE)
    last = max(path.name for path in (place / "fields").glob("0*.h5"))
    with h5py.File(place / "fields" / last) as mine, h5py.File(folder.path / "chain" / "fields" / last) as other:
        return max(np.abs(mine[name][()] - other[name][()]).max() / np.abs(other[name][()]).max() for name in other)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("injector")
    parser.add_argument("--count", type=int, default=3, help="kills")
    parser.add_argument("--faults", type=int, default=4)
    parser.add_argument("--ranks", type=int, default=3)
    parser.add_argument("--writers", type=int, default=2)
    parser.add_argument("--chain", type=int, nargs="*", default=[2, 3])
    parser.add_argument("--large", action="store_true", help="a fault in a file of 15 pieces, too; takes a minute")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    given.launcher = False
    random.seed(given.seed)
    kill9.victims = victims
    began, tally, runs, failures, slowest = time.time(), kill9.Tally(), 0, [], 0
    late = 0
    with torture.Folder(deck=DECK, columns=(f"output.writers={given.writers}",)) as folder:
        folder.ranks, start_time = given.ranks, time.time()
        folder.new("whole", ranks=given.ranks).demand(nakrun.DONE)
        span, reference = 0.4 * (time.time() - start_time), torture.fingerprint(folder.path / "whole")
        while tally.kills < given.count:
            shutil.rmtree(folder.path / "run", ignore_errors=True)
            kill9.one_run(folder, given, reference, span, tally)
            runs += 1
        for k in range(given.faults):
            wrong, seconds = fault(folder, given.injector, sorted(KINDS)[k % len(KINDS)], given, reference)
            failures, slowest = failures + wrong, max(slowest, seconds)
        if given.large:
            wrong, late = large_file(folder, given.injector, given)
            failures += wrong
        distance = chain(folder, given.chain)
        failures += [f"restarts: {distance:.1e} from the whole run"] if not distance < 1e-10 else []
    stuck = f"; {tally.stuck} launchers stayed behind all their ranks" if tally.stuck else ""
    return torture.report(
        f"{tally.kills} kills on {given.ranks} ranks with {given.writers} writers in {runs} runs, the others ended "
        f"within {tally.slowest:.1f} s{stuck}; {given.faults} faults of one writer, all ended within {slowest:.1f} s"
        f"{f', in a file of 15 pieces within {late:.1f} s' if given.large else ''}; "
        f"from {' to '.join(map(str, given.chain))} ranks {distance:.1e}",
        tally.failures + failures, began)


if __name__ == "__main__":
    sys.exit(main())
