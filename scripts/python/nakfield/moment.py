"""One moment of a cell as arrays: of a frame, or in situ; and what is read off it.

    moment = nakfield.moment.of_frame(nakfield.Run("runs/strip"), -1)
    moment.face["current"]      # [y, x], SI, as in fields.h5
    moment.worst()              # the column (j, i) under which a failure begins
"""
import collections
import re

import numpy as np

from .run import ReadError

ELECTROLYTE, INTERPHASE, ALLOY = range(3)
HALF = 0.5
ALIKE = 1e-6  # columns of a symmetric run, which rounding tells apart, relative
DIGITS = 1e-14  # to which tables are written
NEEDED = ("current", "contact", "u_face", "k_film", "deposit", "filament")  # of the face
LONG = 1e5  # [s]: above, hours are written
LEAST_CURRENT = 1e-3  # mean from which it is asked where the current goes [mA/cm2]


Course = collections.namedtuple("Course", "edges times voltage ratios still")
Course.__doc__ = """`edges` of parts of the face along x [m], `times` [s], `voltage` and `ratios` [time, part]: the current
over its mean on the contact, nan where there is none; `still`: moments without a net current."""


class Moment:
    """One moment; it has

    - `numbers` as timeseries.csv names them;
    - `x`, `y`, `z`: faces of the cells [m], and `region` of the layers;
    - `face`: arrays [y, x] by name; `volume`: arrays [z, y, x], of one row at least;
    - `thickness` of the pellet, of which the grid may have a part [m].
    """

    def __init__(self, numbers, axes, face, region=None, volume=None, thickness=None):
        self.numbers, self.face, self.volume = numbers, face, volume or {}
        self.x, self.y, self.z = axes
        self.region, self.thickness = region, thickness

    @property
    def time(self):
        return self.numbers["time_s"]

    @property
    def flat(self):
        """Whether the run has two dimensions."""
        return len(self.y) == 2

    @property
    def touching(self):
        """Where the face is in contact."""
        return self.face["contact"] > HALF

    def focusing(self):
        """The current over its mean on the contact, nan where there is none, and that mean
        [mA/cm2]; (None, mean) where no net current flows."""
        current = 0.1 * self.face["current"]
        weights = np.where(self.touching, self.face["contact"], 0)
        mean = (current * weights).sum() / weights.sum() if weights.any() else 0.0
        if abs(mean) < LEAST_CURRENT:
            return None, mean
        return np.where(self.touching, current / mean, np.nan), mean

    def worst(self):
        """Where a failure begins: the longest filament, the thickest deposit, the emptiest
        interphase; of columns alike the first.
        """
        for name in ("filament", "deposit"):
            values = self.face[name]
            if values.max() > 0:
                return np.unravel_index(np.argmax(values >= (1 - ALIKE) * values.max()), values.shape)
        content = np.where(self.touching, self.face["u_face"], np.inf)
        return np.unravel_index(np.argmax(content <= (1 + ALIKE) * content.min()), content.shape)

    def centre(self, j, i):
        """Of a column [m]."""
        return 0.5 * (self.x[i] + self.x[i + 1]), 0.5 * (self.y[j] + self.y[j + 1])

    def row(self, name):
        """A field of the volume in the row of the worst column [z, x]."""
        values = self.volume[name]
        return values[:, self.worst()[0] if values.shape[1] > 1 else 0]

    def column(self, name):
        """A field of the volume in the worst column [z]."""
        return self.row(name)[:, self.worst()[1]]

    def layers(self, region):
        """The layers of a region, as a slice."""
        found = np.flatnonzero(self.region == region)
        return slice(found[0], found[-1] + 1) if found.size else slice(0, 0)


def is_sharp(contact):
    """Whether each cell is in contact or not, none in between."""
    return bool(np.abs(contact - HALF).min() > 0.3)


def numbers_at(table, time):
    """The last row of a table at the time nearest to this one."""
    distance = np.abs(table["time_s" if "time_s" in table else "time"] - time)
    row = int(np.flatnonzero(distance == distance.min())[-1])
    return {name: float(values[row]) for name, values in table.items()}


def of_frame(run, index):
    """A frame of the run of a cell."""
    frame = run.frame(index)
    missing = [name for name in NEEDED if name not in frame]
    if missing:
        raise ReadError(f"frames of {run.folder} have no {', '.join(missing)}: a picture of the cell needs them "
                        "(output.fields.names)")
    grid = frame.grid
    layers = grid["region"].shape[0]
    volume = {name: values for name, values in frame.items() if values.shape[0] == layers}
    face = {name: values[0] for name, values in frame.items() if values.shape[0] == 1 != layers}
    numbers = {**numbers_at(run.cell(list(run.table)), frame.time), "time_s": float(frame.time)}
    return Moment(numbers, [grid[axis] for axis in "xyz"], face, grid["region"][:, 0, 0], volume,
                  thickness(run.folder / "resolved.yaml"))


def thickness(path):
    """Of the electrolyte, as a resolved deck has it [m]; None without one."""
    if not path.is_file():
        return None
    found = re.search(r"^electrolyte:\n(?: .*\n)*?  pellet_thickness: (\S+) m\n",
                      path.read_text(encoding="utf-8"), re.M)
    return float(found[1]) if found else None


def at_time(run, time):
    """The frame nearest to a time."""
    return of_frame(run, int(np.argmin(np.abs(np.array(run.times) - time))))


def history(table, series, until=np.inf):
    """The course of a run in 2D by its map and its timeseries, up to a time; None without a map."""
    until = until * (1 + DIGITS)
    if table is None or until < table["time_s"][0, 0]:
        return None
    table = {name: values[table["time_s"][:, 0] <= until] for name, values in table.items()}
    middles = 1e-6 * table["x_um"][0]
    edges = [0.0]
    for middle in middles:
        edges.append(2 * middle - edges[-1])
    contact, current = table["contact"], table["current_mA_cm2"]
    weights = np.where(contact > HALF, contact, 0)
    mean = (current * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), np.finfo(float).tiny)
    still = np.abs(mean) < LEAST_CURRENT
    ratios = np.where(contact > HALF, current / np.where(still, 1, mean)[:, None], np.nan)
    times = table["time_s"][:, 0]
    voltage = np.interp(times, series["time_s"], series["voltage_V"])
    return Course(np.array(edges), times, voltage, ratios, still)


def minus(text):
    """A text of numbers with true minus signs."""
    return text.replace("-", "\u2212")


def headline(run):
    """What the cycler shows at this moment; of a run without a cycler, what there is."""
    text = f"{run['time_s']:.6g} s" if "time_s" in run else f"time {run['time']:.6g}"
    if run.get("time_s", 0) >= LONG:
        text = f"{run['time_s'] / 3600:.5g} h"
    if "liquid" in run:
        text += f"    {run['temperature_K']:.5g} K    liquid {100 * run['liquid']:.3g} %"
    if "voltage_V" in run:
        text += (f"    {run['current_mA_cm2']:.3g} mA/cm\u00b2    {run['voltage_V']:.4g} V    "
                 f"{run['capacity_mAh_cm2']:.3g} mAh/cm\u00b2    contact {100 * run['contact_fraction']:.3g} %")
    return minus(text)


def integrals(moment, layers=None):
    """The mean over the area of each field of the face, or of its integral over layers of the
    volume.
    """
    if layers is None:
        return {name: float(values.mean()) for name, values in moment.face.items()}
    heights = np.diff(moment.z)[layers]
    return {name: float((heights * values[layers].mean(axis=(1, 2))).sum()) for name, values in moment.volume.items()}


def figures(moment):
    """What a moment's arrays say of columns of timeseries.csv; of a row of a 3D run those of the
    face.
    """
    face = integrals(moment)
    found = {"deposit_nm_mean": 1e9 * face["deposit"], "deposit_nm_max": 1e9 * float(moment.face["deposit"].max()),
             "filament_um_max": 1e6 * float(moment.face["filament"].max()), "k_film_fraction": face["k_film"]}
    if next(iter(moment.volume.values())).shape[1] == len(moment.y) - 1:
        alloy = integrals(moment, moment.layers(ALLOY))
        found.update({column: factor * alloy[name] for column, name, factor in (
            ("void_nm_mean", "void", 1e9), ("solid_b_um", "solid_b", 1e6), ("solid_a_um", "solid_a", 1e6))
            if name in alloy})
    return found
