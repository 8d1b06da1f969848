#!/usr/bin/env python3
"""Kill a run, or one of its ranks, at random moments until it is done; what it then wrote is what an
uninterrupted run writes, to the bit."""
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import torture
from torture import nakrun


def name(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def below(process):
    return [pid for pid in torture.children(process.pid) if name(pid) == "nakfield"]


def victims(process, ranks):
    """The process itself, or one rank of it or all, once there are any."""
    if ranks == 1:
        return [process.pid]
    while not below(process) and process.poll() is None:
        time.sleep(0.01)
    found = below(process)
    return found if random.random() < 0.5 else random.sample(found, min(1, len(found)))


def kill(process, ranks):
    """Kill one rank or all; whether there was one to kill, how long the rest took to end, what was said."""
    hit = False
    for pid in victims(process, ranks):
        try:
            os.kill(pid, signal.SIGKILL)
            hit = True
        except ProcessLookupError:
            pass
    began = time.time()
    try:
        output, _ = process.communicate(timeout=60 if hit else 600)
    except subprocess.TimeoutExpired:  # a rank that waits for ever
        left = [f"{name(pid)} {pid}" for pid in torture.children(process.pid)]
        os.killpg(process.pid, signal.SIGKILL)
        return hit, 60.0, f"{process.communicate()[0]} left: {left}"
    return hit, time.time() - began if hit else 0.0, output


def newest(place):
    """Name of the newest checkpoint; "" for none."""
    paths = torture.checkpoints(place)
    return paths[-1].name if paths else ""


def lost(place, before, output):
    """What a process lost of a run that had the checkpoint `before` when it began: a run that begins anew
    in silence ends with the same bits."""
    wrong = [f"{word}: {output.strip()}" for word in ("damaged", "begins anew") if before and word in output]
    if newest(place) < before:
        wrong.append(f"went back from {before} to '{newest(place)}'")
    return wrong


def one_run(folder, given, reference, span, failures):
    """Kill and go on until the run is done; how many kills, the longest that other ranks took to end."""
    kills, slowest, place, before = 0, 0.0, folder.path / "run", ""
    process = folder.start("run", ranks=given.ranks)
    while True:
        try:
            output, _ = process.communicate(timeout=random.uniform(0.02, span))
        except subprocess.TimeoutExpired:
            hit, wait, output = kill(process, given.ranks)
            kills, slowest = kills + hit, max(slowest, wait)
            if wait >= 60:
                failures.append(f"ranks still waited 60 s behind a kill: {output}")
            failures += lost(place, before, output)
            before = newest(place)
            span *= 1.05  # on a machine that others keep busy it still comes to an end
            begun = (place / "resolved.yaml").exists()
            process = (folder.resume if begun else folder.start)("run", ranks=given.ranks)
            continue
        failures += lost(place, before, output)
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
        span = 1.1 * (time.time() - start)
        reference = torture.fingerprint(folder.path / "whole")
        while kills < given.count:
            shutil.rmtree(folder.path / "run", ignore_errors=True)
            found, wait = one_run(folder, given, reference, span, failures)
            kills, runs, slowest = kills + found, runs + 1, max(slowest, wait)
    return torture.report(f"{kills} kills of one or all of {given.ranks} ranks in {runs} runs, none begun anew, each "
                          f"then the same bit for bit; the others ended within {slowest:.1f} s", failures, began)


if __name__ == "__main__":
    sys.exit(main())
