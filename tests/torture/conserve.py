#!/usr/bin/env python3
"""Balances of Na, K and charge over some 10^5 time steps, half of them after a restart, with K
film, adlayer and over-limit path at work.  With --phases over 10^4 steps with grains and a void."""
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
PHASES = """
title: solid K, Na metal and a void, many steps
alloy: {potassium: 91.3 wt%, compounds: false, volume: 1.5e-9 m^3}
interphase: {limiting_current: 1 A/cm^2, diffusion_time: 1 ms, film_rate: 0 1/s}
grid: {nx: 32, width: 8 um, lateral: symmetric, alloy_height: 20 um, alloy_layers: 8, electrolyte_layers: 6,
       finest_electrolyte: 0.5 um, interphase_layers: 2}
microstructure: {grains_b: 1, grains_a: 1, height: 8 um, pockets: 1, pocket_arrangement: even, pocket_radius: 1.2 um}
nuclei: {count: 3, radius: 1 um}
protocol:
  - repeat: 1000000
    steps:
      - {strip: 0.2 mA/cm^2, for: 1 s}
      - {plate: 0.2 mA/cm^2, for: 1 s}
output: {timeseries: {every: 1 h}}
checkpoint: {every: 0 s}
"""
BOUND = 1e-10


def main():
    given = torture.arguments(4000, __doc__, ("--phases", "grains and a void in the cell"))
    began, failures = time.time(), []
    deck, key = (PHASES, "protocol.0.repeat") if given.phases else (DECK, "protocol.0.pulses.count")
    with torture.Folder(given.keep, deck) as folder:
        turns = max(given.count // (200 if given.phases else 100), 2)  # so many steps a turn
        folder.new("run", f"{key}={turns // 2}", "checkpoint.steps=10", timeout=7200).demand(nakrun.DONE)
        place = folder.path / "run"
        (place / "summary.json").unlink()  # as if it had been killed after its last checkpoint
        folder.again("run", f"{key}={turns}", "checkpoint.steps=0", timeout=7200).demand(nakrun.DONE)
        run = nakrun.Run(place, None)
        solid = max(run.series["solid_b_um"]) if given.phases else 0
    if not run.balance < BOUND:
        failures.append(f"balance {run.balance:.1e}")
    if given.phases and not solid > 0.1:
        failures.append(f"solid K of {solid:.3g} um")
    return torture.report(f"{run.summary['time_steps']} steps, worst balance {run.balance:.1e} "
                          f"({run.summary['status']})", failures, began)


if __name__ == "__main__":
    sys.exit(main())
