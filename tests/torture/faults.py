#!/usr/bin/env python3
"""Inject faults (faults.c) at random moments: the right exit status, never a number that is not
finite on the disk, and no half a file.  A restart without the fault leads to what the uninterrupted
run wrote.

usage: faults.py LIBRARY [--count N] [--ranks N] [KIND ...]; kinds: exp ksp snes malloc disk full
sync read kill cut
"""
import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time

import h5py
import numpy as np
import torture
from torture import nakrun

DONE, BUG, SOLVER, OUTPUT, KILLED, KILLED_BELOW = 0, 1, 3, 4, -9, 137  # the last by mpirun

# What may come of a fault: to be overcome, or to end in this status; and up to which call it is
# injected.
KINDS = {"exp": ((SOLVER,), 20000), "ksp": ((SOLVER,), 1500), "snes": ((SOLVER,), 380),
         "malloc": ((BUG,), 2500), "disk": ((OUTPUT,), 30), "full": ((OUTPUT,), 20), "sync": ((OUTPUT,), 30),
         "read": ((OUTPUT,), 5), "kill": ((KILLED, KILLED_BELOW), 100), "cut": ((KILLED, KILLED_BELOW), 40)}
RANK_0 = ("disk", "full", "sync", "read", "kill", "cut")  # alone writes and reads files of one piece


def not_finite(place):
    """Files of a run that hold something else than numbers."""
    bad = [name for name in torture.TABLES if (place / name).exists() and
           re.search(r"\b(nan|inf)\b", (place / name).read_text(errors="replace"), re.IGNORECASE)]
    for path in [*place.glob("fields/0*.h5"), *place.glob("checkpoint/*.h5")]:
        with h5py.File(path) as file:
            def look(name, node, path=path):
                if isinstance(node, h5py.Dataset) and node.dtype.kind == "f":
                    if not np.isfinite(node[()]).all():
                        bad.append(f"{path.name}:{name}")
            file.visititems(look)
    return bad


def run(folder, injector, kind, number, ranks):
    """A run with a fault, on one rank of all, a restart for `read`; exit status, what it said."""
    begin = folder.resume if kind == "read" else folder.start
    rank = 0 if kind in RANK_0 else random.randrange(ranks)
    process = begin("run", "checkpoint.steps=10", ranks=ranks, environment={
        "FAULT": f"{kind}:{number}", "LD_PRELOAD": injector, "FAULT_RANK": str(rank),
        "OMPI_MCA_ess_singleton_isolated": "1"})
    try:
        text, _ = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        return "hung", process.communicate()[0]
    return process.returncode, text


def prepare(folder, kind):
    """No run, or for `read` one that was killed after its last checkpoint."""
    place = folder.path / "run"
    shutil.rmtree(place, ignore_errors=True)
    if kind == "read":
        shutil.copytree(folder.path / "whole", place)
        (place / "summary.json").unlink()


def put_back(place):
    """The checkpoints that could not be read are as good as ever."""
    for path in place.glob("checkpoint/*.damaged"):
        path.rename(path.with_suffix(".h5"))


def case(folder, injector, kind, ranks, reference):
    """One fault; what was wrong about it."""
    allowed, most = KINDS[kind]
    number = str(random.randrange(1, most))
    if kind != "malloc" and random.random() < 0.5:
        number += f":{random.randrange(1, 40 if kind != 'read' else 4)}"  # it passes
    prepare(folder, kind)
    status, text = run(folder, injector, kind, number, ranks)
    place, name, wrong = folder.path / "run", f"{kind}:{number} on {ranks}", []
    if status not in (*allowed, DONE):
        wrong.append(f"{name}: status {status}, not {allowed}: {text[-300:]}")
    if kind == "read" and status == DONE:  # by an older checkpoint, or after the last read
        wrong += [f"{name}: {what}" for what in torture.differences(place, reference)]
    elif status == DONE and ":" not in number and kind not in ("kill", "cut"):  # there are not always that many files
        wrong.append(f"{name}: done, in spite of it")
    if status == SOLVER and not (place / "summary.json").exists():
        wrong.append(f"{name}: no summary: {text[-300:]}")
    elif status == SOLVER and json.loads((place / "summary.json").read_text())["status"] != "failed":
        wrong.append(f"{name}: the summary does not say that it failed")
    wrong += [f"{name}: not finite: {bad}" for bad in not_finite(place)]
    if status not in (DONE, "hung") and (place / "resolved.yaml").exists():
        put_back(place)
        output = folder.again("run", ranks=ranks)
        different = torture.differences(place, reference) if output.status == 0 else [output.err]
        different += torture.strays(place)
        if different and kind not in ("exp", "ksp", "snes"):  # a step that was cut is another step
            wrong.append(f"{name}: restart: {different[:3]}")
        elif output.status != 0:
            wrong.append(f"{name}: restart: {output.status} {output.err}")
    return status, wrong


def first_checkpoint(folder, injector):
    """However seldom checkpoints are to be, the first is there after a minute."""
    folder.start("minute", "checkpoint.steps=0", "checkpoint.every=1e7 s", environment={
        "FAULT": "clock:10000", "LD_PRELOAD": injector}).communicate(timeout=60)
    found = torture.checkpoints(folder.path / "minute")
    return [] if len(found) == 1 else [f"{len(found)} checkpoints after the first minute, not 1"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("injector")
    parser.add_argument("kinds", nargs="*", default=sorted(KINDS))
    parser.add_argument("--count", type=int, default=3)
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    random.seed(given.seed)
    began, failures, seen = time.time(), [], {}
    with torture.Folder() as folder:
        folder.new("whole", "checkpoint.steps=10", ranks=given.ranks).demand(nakrun.DONE)
        reference = torture.fingerprint(folder.path / "whole")
        failures += first_checkpoint(folder, given.injector)
        for kind in given.kinds:
            for _ in range(given.count):
                status, wrong = case(folder, given.injector, kind, given.ranks, reference)
                seen.setdefault(kind, []).append(status)
                failures += wrong
    counts = "; ".join(f"{kind} " + ", ".join(f"{found.count(s)} x {s}" for s in sorted(set(found), key=str))
                       for kind, found in seen.items())
    return torture.report(f"{given.count} faults of each kind on {given.ranks} ranks, exit statuses: {counts}",
                          failures, began)


if __name__ == "__main__":
    sys.exit(main())
