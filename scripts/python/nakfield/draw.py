"""What figures of runs are drawn with: panels over time, colours, series of many points thinned."""
import collections
import re

import numpy as np

# Okabe & Ito's colours, told apart by colour-blind readers and on paper; without their yellow.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#000000", "#CC79A7", "#56B4E9", "#E69F00"]
MARKERS = [None, "o", "s", "^", "v", "D"]  # for more runs than colours
DASHES = ("-", "--", ":")  # of the quantities in one panel

TIME_UNITS = [(300, 1, "s"), (5 * 3600, 60, "min"), (10 * 86400, 3600, "h"), (np.inf, 86400, "d")]
PIXELS = 1500  # across a panel: a longer series is drawn by the extremes in each of them
LEAST_U = 1e-6  # lower end of a logarithmic axis
CLOSE_ENDS = 0.01  # of an axis whose numbers three digits do not tell apart, relative
FINER = {"mV": ((1e3, "µV"), (1e6, "nV")), "mol/l": ((1e3, "mmol/l"), (1e6, "µmol/l"))}
POWERS = ((1e3, "10⁻³"), (1e6, "10⁻⁶"), (1e9, "10⁻⁹"))

Panel = collections.namedtuple("Panel", "label columns names scale", defaults=((), "linear"))
UNITS = {  # at the end of a column's name
    "ohm_cm2": "ohm.cm^2",
    "mA_cm2": "mA/cm^2",
    "mAh_cm2": "mAh/cm^2",
    "mol_m3": "mol/m^3",
    **{unit: unit for unit in ("deg", "um", "nm", "Hz", "V", "K", "s")},
}
SIGNS = {r"\^2": "²", r"\^3": "³", r"(?<=[a-z])\.(?=[a-z])": " ", r"\bohm\b": "Ω", r"\bum\b": "µm", r"\bdegC\b": "°C",
         r"\bdeg\b": "°"}

FACE = {"contact_fraction": "contact", "k_film_fraction": "K film"}
MEAN = ("mean", "maximum")
PANELS = {
    "voltage": Panel("Voltage (V)", ["voltage_V"]),
    "capacity": Panel("Voltage (V)", ["voltage_V"]),
    "current": Panel("Current (mA/cm²)", ["current_mA_cm2"]),
    "face": Panel("Fraction of the face (–)", list(FACE), tuple(FACE.values())),
    "u": Panel(
        "Na content u at the face", ["u_face_mean", "u_face_min"], ("mean", "minimum"), "log"
    ),
    "deposit": Panel("Na deposit (nm)", ["deposit_nm_mean", "deposit_nm_max"], MEAN),
    "filament": Panel("Longest filament (µm)", ["filament_um_max"]),
    "reservoir": Panel("Na in the alloy (mole fraction)", ["reservoir_x"]),
    "voids": Panel("Volume of voids (nm)", ["void_nm_mean"]),
    "solids": Panel("Solids (µm)", ["solid_b_um", "solid_a_um"], ("K", "Na")),
    "salt": Panel("Salt on the face (µm)", ["salt_um"]),
    "electrolyte": Panel(
        "Electrolyte (mol/m³)", ["electrolyte_na_mol_m3", "electrolyte_k_mol_m3"], ("Na⁺", "K⁺")
    ),
    "host": Panel("Sites of the host (–)", ["counter_na", "counter_k"], ("Na", "K")),
    "temperature": Panel("Temperature (K)", ["temperature_K"]),
    "balance": Panel(
        "Missing, relative (–)",
        ["na_balance", "k_balance", "charge_balance"],
        ("Na", "K", "charge"),
        "log",
    ),
}


def panel_of(name):
    """The panel of this name, or that of a column of the table."""
    return PANELS.get(name) or Panel(column_label(name), [name])


def plain(text):
    """A text in a figure: no formulas."""
    return str(text).replace("$", r"\$")


def unit_text(unit):
    """A unit as it is printed: mA/cm² of mA/cm^2."""
    for plain_sign, sign in SIGNS.items():
        unit = re.sub(plain_sign, sign, unit)
    return unit


def labelled(name, unit=""):
    """The label of an axis: a name with its unit."""
    return plain(f"{name} ({unit_text(unit)})" if unit else name)


def column_label(column):
    """The label of a column of a table, whose name ends in its unit: rz (Ω cm²) of rz_ohm_cm2."""
    found = re.fullmatch(rf"(.+?)_({'|'.join(UNITS)})(_min|_mean|_max)?", column)
    return labelled(found[1] + (found[3] or ""), UNITS[found[2]]) if found else plain(column)


def fine_scale(low, high, label, count=5):
    """(label, ticks, their texts) of an axis with close ends: differences from a round number,
    which the label says.  None where three digits tell the ends apart.
    """
    from matplotlib.ticker import MaxNLocator

    spread = high - low
    if not 0 < spread < CLOSE_ENDS * max(abs(low), abs(high)):
        return None
    name, unit = re.fullmatch(r"(.*?)(?: \((.*)\))?", label).groups()
    step = 10.0 ** np.ceil(np.log10(spread))
    base = round(0.5 * (low + high) / step) * step
    finer = FINER.get(unit, POWERS)
    factor, small = next((pair for pair in finer if pair[0] * spread >= 1), finer[-1])
    places = MaxNLocator(count).tick_values(factor * (low - base), factor * (high - base))
    places = [place for place in places if low <= base + place / factor <= high]
    taken = f"{name} {'−' if base > 0 else '+'} {abs(base):.10g}"
    label = f"{taken} {unit} ({small})" if unit in FINER else f"{taken} ({small})"
    return label, [base + place / factor for place in places], [f"{place:g}".replace("-", "−") for place in places]


# ---- Thinning ----


def thin_series(x, y):
    """First, least, greatest and last value in each pixel of an ascending x: looks the same."""
    if x.size <= 4 * PIXELS or x[-1] <= x[0]:
        return x, y
    pixel = np.minimum(((x - x[0]) * (PIXELS / (x[-1] - x[0]))).astype(int), PIXELS - 1)
    start = np.flatnonzero(np.diff(pixel, prepend=-1))
    stop = np.append(start[1:], x.size) - 1
    middle = (x[start] + x[stop]) / 2
    xs = np.stack([x[start], middle, middle, x[stop]], axis=1)
    ys = np.stack([y[start], np.fmin.reduceat(y, start), np.fmax.reduceat(y, start), y[stop]], axis=1)
    return xs.ravel(), ys.ravel()


def thin_curve(x, y):
    """Leave out points that stay within a pixel, of a curve that may run back and forth."""
    if x.size <= 4 * PIXELS:
        return x, y
    spans = [max(np.ptp(v), np.finfo(float).tiny) for v in (x, y)]
    cells = [((v - v.min()) * (PIXELS / span)).astype(int) for v, span in zip((x, y), spans)]
    moved = (np.diff(cells[0], prepend=-1) != 0) | (np.diff(cells[1], prepend=-1) != 0)
    kept = np.flatnonzero(moved)
    kept = kept[::max(1, kept.size // 100000)]
    return x[kept], y[kept]


# ---- Panels ----


def time_unit(longest: float):
    """Divisor and name of the unit that suits a time in s."""
    return next((divisor, name) for limit, divisor, name in TIME_UNITS if longest < limit)


def round_apart(numbers):
    """Texts of three digits, or of as many as tell different numbers apart."""
    for digits in range(3, 9):
        texts = [f"{number:.{digits}g}" for number in numbers]
        if len(set(texts)) == len(set(numbers)):
            break
    return texts


def positive(values):
    """Gaps where a logarithm has no value."""
    return np.where(values > 0, values, np.nan)


def style_of(index):
    """Colour, and a marker where the colours are used up."""
    marker = MARKERS[index // len(COLOURS) % len(MARKERS)]
    every = (0.02 * (index % len(COLOURS)), 0.15)  # markers of lines that coincide stand apart
    return {
        "color": COLOURS[index % len(COLOURS)],
        "linewidth": 1.2,
        "marker": marker,
        "markevery": every,
        "markersize": 3.5,
    }


def draw_panel(axis, name, tables, time, scale=None, styles=None):
    """One panel of all tables over the time, by its (divisor, unit), or over the capacity."""
    panel = panel_of(name)
    scale = scale or panel.scale
    columns = panel.columns[:1] if panel.names[:1] == MEAN[:1] and _even(tables, panel) else panel.columns
    for index, table in enumerate(tables):
        style = styles[index] if styles else style_of(index)
        for column, dashes in zip(columns, DASHES):
            values = positive(table[column]) if scale == "log" else table[column]
            if name == "capacity":
                axis.plot(*thin_curve(table["capacity_mAh_cm2"], values), **style)
            else:
                x, y = thin_series(table["time_s"] / time[0], values)
                axis.plot(x, y, linestyle=dashes, **style)
    axis.set_ylabel(panel.label)
    axis.set_xlabel("Capacity (mAh/cm²)" if name == "capacity" else f"Time ({time[1]})")
    axis.set_yscale(scale)
    if name == "current" and scale == "linear":
        low, high = axis.get_ylim()
        axis.set_ylim(min(low, 0), max(high, 0))
    if name == "face":
        axis.set_ylim(-0.03, 1.03)
    if name == "u" and scale == "log":
        low, high = axis.get_ylim()
        axis.set_ylim(min(max(low, LEAST_U), 0.1), max(high, 2))
    if len(columns) > 1:
        _explain(axis, panel.names)


def _even(tables, panel):
    """Whether a mean is an extreme too, as in 1D."""
    return all(np.allclose(*(table[column] for column in panel.columns), 1e-9, 0) for table in tables)


def _explain(axis, names):
    """A small legend of the quantities in one panel, above it: no curve is below it."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color="0.3", linestyle=dashes) for dashes in DASHES]
    axis.legend(
        handles,
        names,
        loc="lower right",
        bbox_to_anchor=(1, 1),
        borderaxespad=0,
        ncol=len(names),
        frameon=False,
        handlelength=2.2,
        fontsize="small",
    )
