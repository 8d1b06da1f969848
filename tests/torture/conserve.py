#!/usr/bin/env python3
"""Balances of Na, K and charge over some 10^5 time steps, half of them after a restart, with K film,
adlayer and over-limit path at work."""
import sys
import time

import torture
from torture import nakrun

DECK = """
title: many steps
protocol:
  - pulses: {current: 1 mA/cm^2, on: 1 s, off: 1 s, count: 1000000}
output: {timeseries: {every: 1 h}}
checkpoint: {every: 0 s}
limits: {voltage_max: 5 V}
"""
BOUND = 1e-10


def main():
    given = torture.arguments(4000, __doc__)
    began, failures = time.time(), []
    with torture.Folder(given.keep, DECK) as folder:
        turns = max(given.count // 100, 2)  # some 100 steps a turn
        half = f"protocol.0.pulses.count={turns // 2}"
        folder.new("run", half, "checkpoint.steps=10", timeout=7200).demand(nakrun.DONE)
        place = folder.path / "run"
        (place / "summary.json").unlink()  # as if it had been killed behind its last checkpoint
        folder.again("run", f"protocol.0.pulses.count={turns}", "checkpoint.steps=0",
                     timeout=7200).demand(nakrun.DONE)
        run = nakrun.Run(place, None)
    if not run.balance < BOUND:
        failures.append(f"balance {run.balance:.1e}")
    return torture.report(f"{run.summary['time_steps']} steps, worst balance {run.balance:.1e} "
                          f"({run.summary['status']})", failures, began)


if __name__ == "__main__":
    sys.exit(main())
