#!/usr/bin/env python3
"""Kill workers of a study, or all of it, at random moments until it is done; then all samples are
there, and random ones are what single runs write, to the bit.

usage: study.py [--samples N] [--kills N] [--compared N]
"""
import argparse
import csv
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nakrun  # noqa: E402

STUDY = """deck: {deck}
output: out
set: {{protocol.0.staircase.step: 0.05 mA/cm^2}}
how: {{lhs: {samples}}}
vary:
  interphase.exponent: {{from: 2, to: 2.7}}
  interphase.diffusion_time: {{from: 3 s, to: 30 s, scale: log}}
collect: {{limit: current when voltage > 1 V}}
"""


def start(place):
    command = [nakrun.program(), "study", "study.yaml", "-j", "2", "--quiet"]
    return subprocess.Popen(command, cwd=place, env=nakrun.environment(), stdout=subprocess.DEVNULL)


def children(pid):
    """Workers of a study's process."""
    try:
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    except OSError:
        return []


def kill(process, whole):
    """A worker, or the study's process, whose workers then end, too."""
    victims = (
        [process.pid]
        if whole
        else random.sample(children(process.pid), 1)
        if children(process.pid)
        else []
    )
    for pid in victims:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return len(victims)


def torture(place, given):
    """Until the study is done; kills, and how often all of it was started."""
    kills, starts, done = 0, 1, Path(place, "out", "samples")
    process = start(place)
    while process.poll() is None or process.returncode != 0:
        if process.poll() is not None:
            process, starts = start(place), starts + 1
        before = len(os.listdir(done)) if done.is_dir() else 0
        share = given.samples * (kills + 1) / (given.kills + 2)  # the last one before the end
        if kills < given.kills and before >= share - random.random() * given.samples / given.kills:
            time.sleep(random.uniform(0, 0.1))
            kills += kill(process, random.random() < 0.3)
        time.sleep(0.02)
    return kills, starts


def compare(place, given):
    """Samples whose tables are not those of single runs."""
    with open(place / "out" / "results.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with open(place / "out" / "samples.csv", newline="", encoding="utf-8") as file:
        names = [row["name"] for row in csv.DictReader(file)]
    wrong = [
        f"sample {row['sample']}: {row['status']}"
        for row in rows
        if row["status"] not in ("completed", "condition")
    ]
    if len(rows) != given.samples:
        wrong.append(f"{len(rows)} samples instead of {given.samples}")
    for k in random.sample(range(len(rows)), min(given.compared, len(rows))):
        settings = [
            f"{key}={rows[k][key]}" for key in ("interphase.exponent", "interphase.diffusion_time")
        ]
        nakrun.call(
            "run",
            nakrun.DECKS / "wu2025" / "staircase_nak50.yaml",
            *settings,
            "protocol.0.staircase.step=0.05 mA/cm^2",
            "output.directory=one",
            "--replace",
            "--quiet",
            ranks=0,
            folder=place,
        ).demand(nakrun.DONE)
        table = (place / "out" / "samples" / names[k] / "timeseries.csv").read_bytes()
        if table != (place / "one" / "timeseries.csv").read_bytes():
            wrong.append(f"sample {k} is not the single run")
    strays = os.listdir(place / "out" / "work")
    return wrong + [f"stray {name}" for name in strays]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition(";")[0])
    parser.add_argument("--samples", type=int, default=60)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--compared", type=int, default=5)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    given = parser.parse_args()
    random.seed(given.seed)
    print(f"seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        deck = nakrun.DECKS / "wu2025" / "staircase_nak50.yaml"
        (place / "study.yaml").write_text(STUDY.format(deck=deck, samples=given.samples))
        began = time.monotonic()
        kills, starts = torture(place, given)
        print(
            f"{given.samples} samples, {kills} kills, {starts} starts,"
            f" {time.monotonic() - began:.0f} s"
        )
        wrong = compare(place, given)
    print("\n".join(wrong) or f"{given.compared} are single runs to the bit")
    return 1 if wrong or kills < given.kills else 0


if __name__ == "__main__":
    sys.exit(main())
