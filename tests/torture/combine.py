#!/usr/bin/env python3
"""Run random decks: features that each have tests of their own meet each other.

Of each seed decks are drawn until `check` accepts one.  That one must run to an end that the
protocol or a limit gives, keep Na, K and charge, and begin again from a checkpoint of its own to
the same bits.  A run that ends with an error must name a remedy that is known to help here.  With
--ranks 2, decks with columns must also end where one rank ends.
"""
import collections
import json
import random
import subprocess
import sys
import time

import restart
import torture
from torture import nakrun

# Charge is that of the whole run, and a face without contact passes hardly any: what the linear
# solver leaves of volts is 1e-11 of more than that.
BALANCES = {"na": 1e-10, "k": 1e-10, "charge": 1e-8}
# Errors of decks that cannot go on as they are.
ENDS = ("has reached the top of its zone", "no Na+ is left at a face or a membrane")
LIQUID = {"interphase": "none", "electrolyte.kind": "liquid"}
LAYERS = {**LIQUID, "electrolyte.transport": "layers", "electrolyte.thickness": "0.1 mm",
          "electrolyte.volume": "10 uL"}
THIN = {"interphase.limiting_current": "100 mA/cm^2", "interphase.diffusion_time": "0.1 s"}
LITTLE = {"alloy.volume": "0.01 uL", "grid.alloy_height": "10 um"}
ZONE = {"microstructure.height": "4 um", "microstructure.interface_width": "2 um"}
FEATURES = [  # of each line one, its chance the times that it stands there
    [{}, {"alloy.potassium": "65 wt%"}, {"alloy.potassium": "80 wt%"}, {"alloy.potassium": "30 wt%"},
     {"alloy.potassium": "90 wt%"}],
    [{}, {}, {}, {"alloy.temperature": "0 degC"}, {"alloy.temperature": "-10 degC"},
     {"alloy.temperature": "60 degC"}],
    [{}, {}, {}, THIN, {**THIN, "interphase.film_rate": "0 1/s"}, {"interphase": "none"}, LIQUID, LAYERS,
     {**LAYERS, "salt.solubility": "20 mmol/L", "salt.resistance": "55 ohm.cm^2"},
     {**LIQUID, "salt.solubility": "20 mmol/L", "salt.resistance": "55 ohm.cm^2"},
     {**LAYERS, "membrane.thickness": "20 um"}, {"interphase.per": "contact"}],
    [{}, {}, {}, {"kinetics.potassium_exchange": "0.01 mA/cm^2", "kinetics.potassium_offset": "0.313 V"}],
    [{}, {}, {}, {"counter": "alloy"}, {"counter": "alloy"}, {"counter.kind": "host"},
     {"counter.kind": "alloy", "counter.interphase": "none"},
     {"counter.kind": "host", "counter.potassium_exchange": "1 mA/cm^2"}],
    [{}, {"grid.nx": 16, "grid.width": "8 um"},
     {"grid.nx": 16, "grid.width": "8 um", "grid.lateral": "symmetric"},
     {"grid.nx": 6, "grid.ny": 5, "grid.width": "3 um"}],
    [{}, {"contact.fraction": 0.5, "contact.shape": "strip"}, {"contact.fraction": 0.6, "contact.patch": "2 um"}],
    [{}, {}, {"microstructure.grains_b": 1, **ZONE},
     {"microstructure.grains_a": 1, **ZONE},
     {"microstructure.grains_a": 1, "microstructure.grains_b": 2, **ZONE, "nuclei.count": 3}],
    [{}, {}, {}, {"microstructure.pockets": 1, "microstructure.pocket_arrangement": "even",
              **ZONE},
     {"microstructure.pockets": 2, **ZONE, "microstructure.gas_dissolution": "1e-12 m^2/s"},
     {"microstructure.void_nucleation": "1e10 m^-2.s^-1", **ZONE}],
    [{}, {}, {"interphase.film_rate": "1e-2 1/s"},
     {"interphase.film_nuclei": "1e10 1/m^2", "interphase.film_width": "4 um", "interphase.film_rate": "1e-2 1/s"}],
    [{}, {}, LITTLE],
    [{}, {}, {"alloy.solids": "equilibrium"}, {"alloy.solids": "supercooled"}, {"alloy.compounds": "false"}],
    [{}, {}, {"solver.integrator": "bdf"}, {"solver.integrator": "rosenbrock"}],
    [{}, {}, {"kinetics.deposit_barrier": "1 V"}, {"kinetics.adlayer_charge": "0 C/m^2"},
     {"interphase.over_limit_resistance": "0 ohm.m^2"}],
]
ITEMS = [
    "{strip: 0.1 mA/cm^2, for: 60 s}", "{strip: 1 mA/cm^2, for: 20 s, until: voltage > 1 V}",
    "{plate: 0.2 mA/cm^2, for: 100 s}", "{plate: 2 mA/cm^2, for: 30 s}", "rest: 30 s", "rest: 2 h",
    "impedance:", "temperature: 15 degC", "{rest: 60 s, temperature: {to: 40 degC, for: 50 s}}",
    "{voltage: 0.05 V, for: 30 s, until: current < 10 uA/cm^2}",
    "{staircase: {from: 0.05 mA/cm^2, to: 0.4 mA/cm^2, step: 0.1 mA/cm^2, hold: 10 s}, until: voltage > 1 V}",
    "pulses: {current: 0.5 mA/cm^2, on: 1 s, off: 2 s, count: 4}",
    "{ramp: {from: 0 mA/cm^2, to: 0.3 mA/cm^2}, for: 30 s}",
    "{strip: 0.3 mA/cm^2, for: 40 s, impedance: {every: 20 s}}",
    "ccd: {from: 0.05 mA/cm^2, to: 0.2 mA/cm^2, factor: 2, time: 20 s, cycles: 1, rest: 5 s}",
    "{repeat: 2, steps: [{strip: 0.2 mA/cm^2, for: 20 s}, {plate: 0.2 mA/cm^2, for: 20 s}]}",
]
COARSE = """grid: {alloy_layers: 8, electrolyte_layers: 4, interphase_layers: 3, finest_electrolyte: 2 um}
impedance: {per_decade: 1, frequency_min: 1 Hz}
output: {fields: {every: 1 min}}
"""


def draw(chance):
    """A deck, and its overrides."""
    settings = {}
    for line in FEATURES:
        settings.update(chance.choice(line))
    items = [chance.choice(ITEMS) for _ in range(chance.randint(2, 4))]
    deck = COARSE + "protocol:\n" + "".join(f"  - {item}\n" for item in items)
    return deck, [f"{key}={value}" for key, value in settings.items()]


def call(folder, *arguments, ranks=0, timeout=240):
    return nakrun.call(*arguments, ranks=ranks, folder=folder.path, timeout=timeout)


def accepted(folder, seed):
    """The first deck of a seed that passes `check`, and its overrides."""
    chance = random.Random(seed)
    for _ in range(100):
        deck, overrides = draw(chance)
        folder.deck.write_text(deck)
        if call(folder, "check", folder.deck, *overrides).status == 0:
            return deck, overrides
    raise SystemExit(f"seed {seed}: 100 decks were refused")


def judge(folder, overrides, ranks):
    """What a deck ended with, and what is wrong with that."""
    more = ["checkpoint.steps=20", "checkpoint.every=0 s", "checkpoint.keep=1000"]
    arguments = ["run", "deck.yaml", *overrides, *more, "--quiet", "--replace"]
    try:
        output = call(folder, *arguments, "output.directory=whole")
        if output.status == nakrun.SOLVER and "or lower solver.shortest_step" in output.err:
            arguments.append("solver.shortest_step=1e-13 s")
            output = call(folder, *arguments, "output.directory=whole")
    except subprocess.TimeoutExpired:
        return "too long", ["more than 4 min"]
    if output.status == nakrun.SOLVER:
        for end in ENDS:
            if end in output.err:
                return end, []
    if output.status != 0:
        return f"status {output.status}", [f"ended with {output.status}: {output.err[-700:]}"]
    run = nakrun.Run(folder.path / "whole", output)
    wrong = unbalanced(run) + restarted(folder)
    if ranks > 1 and any(word.startswith("grid.nx") for word in overrides):
        wrong += on_ranks(folder, arguments, ranks, run)
    return run.summary["status"], wrong


def unbalanced(run):
    return [f"balance of {name}: {run.summary['balance'][name]:.1e}"
            for name, bound in BALANCES.items() if not run.summary["balance"][name] < bound]


def restarted(folder):
    points = torture.checkpoints(folder.path / "whole")
    if not points:
        return []
    keep = random.choice(points)
    place = restart.cut(folder, "again", keep)
    output = folder.again("again")
    if output.status != 0:
        return [f"restart at {keep.name} ended with {output.status}: {output.err[-500:]}"]
    apart = torture.differences(place, torture.fingerprint(folder.path / "whole"))
    return [f"restart at {keep.name}: {apart[:5]}"] if apart else []


def on_ranks(folder, arguments, ranks, one):
    output = call(folder, *arguments, "output.directory=many", ranks=ranks)
    if output.status != 0:
        return [f"on {ranks} ranks it ended with {output.status}: {output.err[-500:]}"]
    many = nakrun.Run(folder.path / "many", output)
    apart = abs(many.series["voltage_V"][-1] - one.series["voltage_V"][-1])
    late = abs(many.summary["time_s"] - one.summary["time_s"])
    wrong = [] if apart < 1e-5 and late < 1e-3 * (1 + one.summary["time_s"]) else [
        f"on {ranks} ranks it ends {apart:.1e} V and {late:.1e} s apart"]
    return wrong + unbalanced(many)


def main():
    given = torture.arguments(20, __doc__)
    began, failures, ends = time.time(), [], collections.Counter()
    for seed in range(given.seed, given.seed + given.count):
        random.seed(seed)
        with torture.Folder(given.keep) as folder:
            deck, overrides = accepted(folder, seed)
            end, wrong = judge(folder, overrides, given.ranks)
        ends[end] += 1
        failures += [f"seed {seed}: {line}\n{deck}{' '.join(map(json.dumps, overrides))}"
                     for line in wrong]
        print(f"{seed}: {end}", *wrong, flush=True)
    return torture.report(", ".join(f"{count} {end}" for end, count in ends.most_common()), failures,
                          began)


if __name__ == "__main__":
    sys.exit(main())
