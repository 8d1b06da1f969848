#!/usr/bin/env python3
"""Kill a run, or one of its ranks, at random moments until it is done; what it then wrote is what
an uninterrupted run writes, to the bit."""
import dataclasses
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import torture
from torture import nakrun


LIMIT = 60  # that a job may take to end after a kill [s]


@dataclasses.dataclass
class Tally:
    """What the kills of a series came to."""
    kills: int = 0
    slowest: float = 0.0  # that other ranks took to end [s]
    stuck: int = 0  # launchers that did not end although every rank had
    failures: list = dataclasses.field(default_factory=list)


def ranks_of(folder):
    """Processes of the program that run in `folder`, whoever their parent is; a zombie has ended.
    """
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "comm").read_text().strip() == "nakfield" and str(folder.path) in (entry / "cmdline").read_text():
                found.append(int(entry.name))
        except OSError:  # it has just ended
            pass
    return found


def victims(process, folder, given):
    """The process itself, its launcher, or one rank of it or all, once there are any."""
    if given.ranks == 1:
        return [process.pid]
    found = []
    while not found and process.poll() is None:
        time.sleep(0.01)
        found = ranks_of(folder)
    if given.launcher:
        return [process.pid]
    return found if random.random() < 0.5 else random.sample(found, min(1, len(found)))


def wait_for_ranks(folder):
    """Seconds until no rank is left, LIMIT at most."""
    began = time.time()
    while time.time() < began + LIMIT and ranks_of(folder):
        time.sleep(0.02)
    return time.time() - began


def kill(process, folder, given, tally):
    """Kill, and wait for the end of the job; what it said."""
    hit = False
    for pid in victims(process, folder, given):
        try:
            os.kill(pid, signal.SIGKILL)
            hit = True
        except ProcessLookupError:
            pass
    tally.kills += hit
    if hit:
        tally.slowest = max(tally.slowest, wait_for_ranks(folder))
    try:
        return process.communicate(timeout=LIMIT if hit else 600)[0]
    except subprocess.TimeoutExpired:
        left = ranks_of(folder)
        os.killpg(process.pid, signal.SIGKILL)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        output = process.communicate()[0]
    if left:
        tally.failures.append(f"ranks {left} still waited {LIMIT} s behind a kill: {output}")
    else:
        tally.stuck += 1
    return output


def newest(place):
    """Name of the newest checkpoint; "" for none."""
    paths = torture.checkpoints(place)
    return paths[-1].name if paths else ""


def lost(place, before, output):
    """What a process lost of a run that had the checkpoint `before` when it began: a run that
    starts again in silence ends with the same bits."""
    wrong = [f"{word}: {output.strip()}" for word in ("damaged", "starts from the beginning") if before and word in output]
    if newest(place) < before:
        wrong.append(f"went back from {before} to '{newest(place)}'")
    return wrong


def one_run(folder, given, reference, span, tally):
    """Kill and go on until the run is done."""
    place, before = folder.path / "run", ""
    process = folder.start("run", ranks=given.ranks)
    while True:
        try:
            output, _ = process.communicate(timeout=random.uniform(0.02, span))
        except subprocess.TimeoutExpired:
            output = kill(process, folder, given, tally)
            tally.failures += lost(place, before, output)
            before = newest(place)
            span *= 1.05  # on a machine that others keep busy it still comes to an end
            begun = (place / "resolved.yaml").exists()
            process = (folder.resume if begun else folder.start)("run", ranks=given.ranks)
            continue
        tally.failures += lost(place, before, output)
        if process.returncode != 0:
            tally.failures.append(f"cannot go on: {output.strip()}")
        else:
            tally.failures += torture.differences(place, reference) + torture.strays(place)
        return


def main():
    given = torture.arguments(20, __doc__, ("--launcher", "kill mpirun instead of ranks"))
    random.seed(given.seed)
    began, tally, runs = time.time(), Tally(), 0
    with torture.Folder(given.keep) as folder:
        start = time.time()
        folder.new("whole", ranks=given.ranks).demand(nakrun.DONE)
        span = 1.1 * (time.time() - start)
        reference = torture.fingerprint(folder.path / "whole")
        while tally.kills < given.count:
            shutil.rmtree(folder.path / "run", ignore_errors=True)
            one_run(folder, given, reference, span, tally)
            runs += 1
    who = "the launcher of" if given.launcher else "one or all of"
    stuck = f"; {tally.stuck} launchers stayed behind all their ranks" if tally.stuck else ""
    return torture.report(f"{tally.kills} kills of {who} {given.ranks} ranks in {runs} runs, none begun anew, each "
                          f"then the same bit for bit; the others ended within {tally.slowest:.1f} s{stuck}",
                          tally.failures, began)


if __name__ == "__main__":
    sys.exit(main())
