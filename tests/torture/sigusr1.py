#!/usr/bin/env python3
"""Signals at random moments: a checkpoint, the status `interrupted`, and a restart that ends as if
nothing had happened."""
import json
import random
import shutil
import signal
import sys
import time

import torture
from torture import nakrun

STATUS = {signal.SIGUSR1: 0, signal.SIGTERM: 5, signal.SIGINT: 5}


def interrupt(folder, given, number, span):
    """Start, signal, wait; exit status, seconds from the signal to the end (None: it was done
    before).
    """
    place = folder.path / "run"
    shutil.rmtree(place, ignore_errors=True)
    process = folder.start("run", "checkpoint.steps=0", ranks=given.ranks)
    while not (place / "timeseries.csv").exists():  # from then on the program takes signals
        time.sleep(0.001)
    time.sleep(random.uniform(0, span))
    if process.poll() is not None:
        process.communicate()
        return process.returncode, None
    sent = time.time()
    process.send_signal(number)
    process.communicate(timeout=120)
    return process.returncode, time.time() - sent


def main():
    given = torture.arguments(6, __doc__, ("--usr1", "SIGUSR1 only"))
    random.seed(given.seed)
    signals = [signal.SIGUSR1] if given.ranks > 1 or given.usr1 else list(STATUS)  # mpirun ends by the others
    began, failures, done, slowest = time.time(), [], 0, 0.0
    with torture.Folder(given.keep) as folder:
        start = time.time()
        folder.new("whole", "checkpoint.steps=0", ranks=given.ranks).demand(nakrun.DONE)
        span = 0.8 * (time.time() - start)
        reference = torture.fingerprint(folder.path / "whole")
        place = folder.path / "run"
        while done < given.count:
            number = random.choice(signals)
            status, wait = interrupt(folder, given, number, span)
            if wait is None or json.loads((place / "summary.json").read_text())["status"] == "completed":
                continue
            done, slowest = done + 1, max(slowest, wait)
            said = json.loads((place / "summary.json").read_text())
            if status != STATUS[number] or said["status"] != "interrupted" or number.name not in said["end"]:
                failures.append(f"{number.name}: {status} {said['status']} {said['end']}")
            output = folder.again("run", ranks=given.ranks)
            if output.status != 0 or torture.differences(place, reference):
                failures.append(f"{number.name}: restart {output.status} {output.err}")
    names = ", ".join(number.name for number in signals)
    return torture.report(f"{done} signals ({names}) to {given.ranks} ranks, each followed by a checkpoint within "
                          f"{slowest:.2f} s and a restart to the same bits", failures, began)


if __name__ == "__main__":
    sys.exit(main())
