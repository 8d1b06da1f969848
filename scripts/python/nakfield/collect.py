"""Numbers of a run by what a user calls them, such as `capacity when voltage > 3 V`.

They are listed in docs/studies.md.
"""
import math
import re

import numpy as np

from .text import NUMBER

EVENTS = (
    "liquidus_a",
    "liquidus_b",
    "k_film",
    "na_metal",
    "void",
    "grain_a",
    "grain_b",
    "contact_half",
    "filament",
    "short",
    "condition",
    "limit",
)

# Names of the protocol's signals: columns of timeseries.csv.
SIGNALS = {
    "time": "time_s",
    "voltage": "voltage_V",
    "current": "current_mA_cm2",
    "capacity": "capacity_mAh_cm2",
    "u_face": "u_face_min",
    "contact": "contact_fraction",
    "k_film": "k_film_fraction",
    "wetted": "wetted_fraction",
    "deposit": "deposit_nm_max",
    "filament": "filament_um_max",
    "solid_a": "solid_a_um",
    "solid_b": "solid_b_um",
    "temperature": "temperature_K",
    "salt": "salt_um",
    "carrier_k": "carrier_k",
    "electrolyte_na": "electrolyte_na_mol_m3",
    "counter_na": "counter_na",
    "counter_k": "counter_k",
}
SUFFIXES = {
    "s": "s",
    "V": "V",
    "mA_cm2": "mA/cm^2",
    "mAh_cm2": "mAh/cm^2",
    "mol_m3": "mol/m^3",
    "nm": "nm",
    "um": "um",
    "K": "K",
    "nm_max": "nm",
    "nm_mean": "nm",
    "um_max": "um",
}
ANSWERS = ("na_left", "collapse_current", "critical_current", "passed_current")
WHAT = r"(?P<what>\w+)"
IMPEDANCE = {
    "Re Z": lambda z: z.real,
    "Im Z": lambda z: z.imag,
    "|Z|": abs,
    "phase Z": lambda z: math.degrees(math.atan2(z.imag, z.real)),
}
OF = r"(?: of spectrum (?P<spectrum>\d+))?"
BEYOND = r"(?: beyond (?P<beyond>\S+ s))?"


def column(name):
    """Column of a signal or of a table, and its unit."""
    name = SIGNALS.get(name, name)
    fitting = [suffix for suffix in SUFFIXES if name.endswith("_" + suffix)]
    return name, SUFFIXES[max(fitting, key=len)] if fitting else ""


def _quantity(text, unit):
    match = NUMBER.match(text)
    if not match or match[2] != unit:
        raise ValueError(f"expected a number in '{unit or '1'}', not '{text}'")
    return float(match[1])


def _value(run, name):
    name = column(name)[0]
    if name not in run.table:
        raise ValueError(f"the run has no column {name}; it has {', '.join(run.table)}")
    return run.table[name]


def crossing(values, level, above):
    """Row before a condition comes true, and part of the way to the next, or None."""
    true = values > level if above else values < level
    if not true.any():
        return None
    k = int(np.argmax(true))
    if k == 0:
        return 0, 0.0
    return k - 1, float((level - values[k - 1]) / (values[k] - values[k - 1]))


def _when(match):
    what, (name, unit) = match["what"], column(match["signal"])
    level, above = _quantity(match["level"], unit), match["than"] == ">"

    def number(run):
        at = crossing(_value(run, name), level, above)
        values = _value(run, what)
        if at is None:
            return math.nan
        k, part = at
        return float(values[k] + part * (values[min(k + 1, values.size - 1)] - values[k]))

    return number, column(what)[1]


def _at_time(match):
    what, time = match["what"], _quantity(match["time"], "s")

    def number(run):
        times = _value(run, "time")
        return float(np.interp(time, times, _value(run, what), right=math.nan))

    return number, column(what)[1]


def _mean(run, what):
    times, values = _value(run, "time"), _value(run, what)
    if times[-1] == times[0]:
        return float(values[-1])
    return float(np.trapz(values, times) / (times[-1] - times[0]))


def _whole(match):
    """Of the whole course: its end, extremes, mean."""
    how, what = match["how"], match["what"]
    numbers = {
        "min": lambda run: float(_value(run, what).min()),
        "max": lambda run: float(_value(run, what).max()),
        "mean": lambda run: _mean(run, what),
        "start": lambda run: float(_value(run, what)[0]),
    }
    return numbers[how], column(what)[1]


def _end(match):
    """From the summary, which has more digits, where it has the number."""
    name, unit = column(match["what"])

    def number(run):
        given = run.summary.get(name)
        return float(given if isinstance(given, (int, float)) else _value(run, name)[-1])

    return number, unit


def _answer(match):
    """What summary.json has of tests, where there was one."""
    unit = "mAh/cm^2" if match["what"] == "na_left" else "mA/cm^2"
    key = f"{match['what']}_{unit.replace('/', '_').replace('^', '')}"
    return lambda run: float(run.summary.get(key, math.nan)), unit


def _half_cycle(match):
    """Its charge; counted from 0."""

    def number(run):
        charges = [half["capacity_mAh_cm2"] for half in run.summary.get("half_cycles", [])]
        index = -1 if match["index"] == "last" else int(match["index"])
        return float(charges[index]) if -len(charges) <= index < len(charges) else math.nan

    return number, "mAh/cm^2"


def _spectrum(run, match):
    index = -1 if match["spectrum"] is None else int(match["spectrum"])
    if not -len(run.spectra) <= index < len(run.spectra):
        return None
    return run.spectra[index]


def _impedance(match):
    part, frequency = IMPEDANCE[match["part"]], _quantity(match["frequency"], "Hz")

    def number(run):
        spectrum = _spectrum(run, match)
        return math.nan if spectrum is None else float(part(spectrum.at(frequency)))

    return number, "deg" if match["part"] == "phase Z" else "ohm.cm^2"


def _beyond(match):
    return 0.0 if match["beyond"] is None else _quantity(match["beyond"], "s")


def _peak(match):
    """The highest of the relaxation times."""
    low = _beyond(match)

    def number(run):
        spectrum = _spectrum(run, match)
        if spectrum is None or spectrum.gamma is None or not (spectrum.tau >= low).any():
            return math.nan
        highest = np.where(spectrum.tau >= low, spectrum.gamma, -np.inf).argmax()
        return float(getattr(spectrum, match["peak"])[highest])

    return number, "s" if match["peak"] == "tau" else "ohm.cm^2"


def _area(match):
    """Of the arcs."""
    low = _beyond(match)

    def number(run):
        spectrum = _spectrum(run, match)
        return math.nan if spectrum is None or spectrum.gamma is None else spectrum.area(low)

    return number, "ohm.cm^2"


def levels(run):
    """Current [mA/cm2] and voltage [V] at the end of every level of the staircases."""
    steps = [step for step in run.steps if step["kind"] == "staircase"]
    return [(step["current_mA_cm2"], step["voltage_V"]) for step in steps]


def bend(points, reference):
    """Where the slope of the voltage over five levels is twice that at `reference` [mA/cm2]."""
    if len(points) < 5:
        return math.nan
    current, voltage = np.array(points).T
    five = [slice(k - 2, k + 3) for k in range(2, current.size - 2)]
    slopes = np.array([np.polyfit(current[part], voltage[part], 1)[0] for part in five])
    current = current[2:-2]
    first = int(np.abs(current - reference).argmin())
    at = crossing(slopes[first:], 2 * slopes[first], True)
    if at is None:
        return math.nan
    k, part = first + at[0], at[1]
    return float(current[k] + part * (current[min(k + 1, current.size - 1)] - current[k]))


def _bend(match):
    reference = _quantity(match["reference"], "mA/cm^2")
    return lambda run: bend(levels(run), reference), "mA/cm^2"


def _event(match):
    """Time or charge of the first event of a kind."""
    key = {"time": "time_s", "capacity": "capacity_mAh_cm2"}[match["what"]]

    def number(run):
        return next(
            (event[key] for event in run.events if event["event"] == match["event"]), math.nan
        )

    return number, SUFFIXES[key.partition("_")[2]]


FORMS = [
    (rf"{WHAT} at end", _end),
    (r"(?P<how>min|max|mean|start) " + WHAT, _whole),
    (rf"{WHAT} at (?P<time>\S+ s)", _at_time),
    (rf"{WHAT} when (?P<signal>\w+) (?P<than>[<>]) (?P<level>.+)", _when),
    (rf"(?P<what>{'|'.join(ANSWERS)})", _answer),
    (r"capacity of half-cycle (?P<index>\d+|last)", _half_cycle),
    (rf"(?P<what>time|capacity) of (?P<event>{'|'.join(EVENTS)})", _event),
    (r"(?P<part>Re Z|Im Z|\|Z\||phase Z) at (?P<frequency>\S+ Hz)" + OF, _impedance),
    (r"peak (?P<peak>tau|gamma)" + BEYOND + OF, _peak),
    (r"area of arcs" + BEYOND + OF, _area),
    (r"bend from (?P<reference>.+)", _bend),
]


class Number:
    """A number of a run by its text; nan where it has none, as of a condition never true."""

    def __init__(self, text, of_run, unit):
        self.text, self.of_run, self.unit = text, of_run, unit


def parse(text):
    """The number that a text asks for; ValueError says what is wrong with it."""
    text = " ".join(text.split())
    for form, make in FORMS:
        match = re.fullmatch(form, text)
        if match:
            return Number(text, *make(match))
    raise ValueError(
        f"'{text}' is not a number of a run; examples: capacity at end, max voltage, current "
        "when voltage > 3 V, voltage at 30 s, time of filament, Re Z at 10 Hz, peak tau"
    )
