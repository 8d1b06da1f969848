#!/usr/bin/env python3
"""Kill a run, or one of its ranks, at random moments until it is done; what it then wrote is what an
uninterrupted run writes, to the bit."""
import os
import random
import signal
import sys
import time

import torture
from torture import nakrun


def victims(process, ranks, all_ranks):
    """The process itself, or one rank of it."""
    if ranks == 1:
        return [process.pid]
    below = [pid for pid in torture.children(process.pid) if name(pid) == "nakfield"]
    return below if all_ranks else random.sample(below, min(1, len(below)))


def name(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def kill(process, ranks):
    """Kill one rank or all; whether there was one to kill, and how long the rest took to end."""
    hit = False
    for pid in victims(process, ranks, random.random() < 0.5):
        try:
            os.kill(pid, signal.SIGKILL)
            hit = True
        except ProcessLookupError:
            pass
    began = time.time()
    try:
        process.communicate(timeout=60)
    except Exception:  # a rank that waits for ever
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return hit, 60.0
    return hit, time.time() - began


def rows(place):
    """Whole lines of the time series."""
    path = place / "timeseries.csv"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def one_run(folder, given, reference, span, failures):
    """Kill and restart until the run ends or the count is reached; how many kills."""
    kills, slowest, place = 0, 0.0, folder.path / "run"
    process = folder.start("run", ranks=given.ranks)
    while True:
        try:
            output, _ = process.communicate(timeout=random.uniform(0.02, span))
        except Exception:  # it still runs
            hit, wait = kill(process, given.ranks)
            kills, slowest = kills + hit, max(slowest, wait)
            if wait >= 60:
                failures.append("ranks still waited 60 s behind a kill")
            if not (place / "resolved.yaml").exists():
                process = folder.start("run", ranks=given.ranks)
            else:
                process = folder.resume("run", ranks=given.ranks)
            continue
        if process.returncode != 0:
            failures.append(f"cannot go on: {output.strip()}")
        else:
            failures += torture.differences(place, reference) + torture.strays(place)
        return kills, slowest


def main():
    given = torture.arguments(20, __doc__)
    random.seed(given.seed)
    began, failures, kills, runs, slowest = time.time(), [], 0, 0, 0.0
    with torture.Folder(given.keep) as folder:
        start = time.time()
        folder.new("whole", ranks=given.ranks).demand(nakrun.DONE)
        span = 0.5 * (time.time() - start)
        reference = torture.fingerprint(folder.path / "whole")
        while kills < given.count:
            found, wait = one_run(folder, given, reference, span, failures)
            kills, runs, slowest = kills + found, runs + 1, max(slowest, wait)
    return torture.report(f"{kills} kills of one or all of {given.ranks} ranks in {runs} runs, each then the "
                          f"same bit for bit; the others ended within {slowest:.1f} s", failures, began)


if __name__ == "__main__":
    sys.exit(main())
