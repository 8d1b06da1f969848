"""Run directories, read: tables, steps, events, frames and spectra, as in docs/output.md.

    run = nakfield.Run("runs/strip")
    run.table["voltage_V"].max()      # timeseries.csv, or the table of a box: arrays by column
    run.steps[-1]["end"]              # summary.json; a run that goes on has no steps yet
    run.frame(-1)["u_face"]           # fields.h5, frame by frame; .time and .numbers are its moment
    run.map["current_mA_cm2"]         # map.csv of a 2D run: arrays [time, x]
    run.spectra[0].z                  # impedance.csv and drt.csv
"""
import contextlib
import io
import json
import pathlib

import numpy as np

GRAINS = 1e-5  # s: arcs of shorter times are the grain boundaries'
TABLES = ("timeseries.csv", "phases.csv", "free_energy.csv")


class ReadError(Exception):
    """A file that is not there or not what it should be; the message names it."""


class Table(dict):
    """Columns as arrays, by their names."""

    def pandas(self):
        """The same as a DataFrame of pandas."""
        import pandas

        return pandas.DataFrame(dict(self))

    def rows(self):
        """Rows as dictionaries."""
        return [dict(zip(self, row)) for row in zip(*self.values())]


class Growing:
    """A table of numbers with a heading that a run still writes: each time what is new is read."""

    def __init__(self, path):
        self.path, self._place, self._names = pathlib.Path(path), 0, None
        self._values = np.empty((0, 0))

    def read(self):
        """All of it up to now; a last line that is half written is left out."""
        if not self.path.is_file():
            raise ReadError(f"there is no {self.path}: is {self.path.parent} the directory of a run?")
        with open(self.path, encoding="ascii", errors="replace", newline="") as file:
            file.seek(self._place)
            text = file.read()
        text = text[: text.rfind("\n") + 1]
        self._place += len(text)
        if self._names is None:
            heading, _, text = text.partition("\n")
            self._names = heading.split(",")
        if text:
            self._add(text)
        if not self._values.size:
            raise ReadError(f"{self.path} has no rows")
        return Table(zip(self._names, self._values.T.copy()))

    def _add(self, text):
        try:
            values = np.loadtxt(io.StringIO(text), delimiter=",", comments=None, ndmin=2)
        except ValueError as error:
            raise ReadError(f"{self.path}: {error}") from None
        if values.shape[1] != len(self._names):
            raise ReadError(f"{self.path} has rows of {values.shape[1]} numbers under {len(self._names)} names")
        self._values = np.concatenate([self._values, values]) if self._values.size else values


def read_table(path):
    """A table of numbers with a heading; a last line that is half written is left out."""
    return Growing(path).read()


def as_map(table):
    """map.csv as arrays [time, x]."""
    width = np.count_nonzero(table["time_s"] == table["time_s"][0])
    whole = table["time_s"].size // width * width  # a moment may be half written
    return Table((name, values[:whole].reshape(-1, width)) for name, values in table.items())


class Spectrum:
    """Impedance of one moment [ohm cm2] over frequency [Hz], and its relaxation times, gamma
    [ohm cm2] over tau [s]; None where drt.csv does not have them."""

    def __init__(self, time, step, frequency, z, tau=None, gamma=None):
        self.time, self.step, self.frequency, self.z = time, step, frequency, z
        self.tau, self.gamma = tau, gamma

    def at(self, frequency):
        """Impedance at a frequency between those computed, on straight lines over its logarithm."""
        x, order = np.log(self.frequency), np.argsort(self.frequency)
        low, high = self.frequency[order[0]], self.frequency[order[-1]]
        if not low * (1 - 1e-9) <= frequency <= high * (1 + 1e-9):
            raise ReadError(f"{frequency:g} Hz is not within the spectrum, {low:g} to {high:g} Hz")
        part = [
            np.interp(np.log(frequency), x[order], v[order]) for v in (self.z.real, self.z.imag)
        ]
        return complex(*part)

    def area(self, low=GRAINS, high=np.inf):
        """Of the arcs from one relaxation time [s] to another [ohm cm2]."""
        return self._pitch * self.gamma[(self.tau >= low) & (self.tau < high)].sum()

    def peaks(self, low=GRAINS, least=0.02):
        """Times of gamma's local maxima beyond `low`; of lower ones than `least` of it, none."""
        g = self.gamma
        tops = (g[1:-1] > g[:-2]) & (g[1:-1] >= g[2:]) & (g[1:-1] > least * g.max())
        return [self._top(k) for k in np.flatnonzero(tops & (self.tau[1:-1] > low)) + 1]

    def _top(self, k):
        """Of the parabola through a local maximum and its neighbours, over ln tau."""
        a, b, c = self.gamma[k - 1 : k + 2]
        return float(self.tau[k] * np.exp(self._pitch * (a - c) / (2 * (a - 2 * b + c))))

    def share(self, low, high):
        """The highest gamma between two times, over the highest of all."""
        part = self.gamma[(self.tau >= low) & (self.tau <= high)]
        return part.max() / self.gamma.max()

    @property
    def _pitch(self):
        return np.log(self.tau[1] / self.tau[0])


def split(table, key):
    """A table cut where `key`, which rises or falls within a part, jumps back."""
    values = table[key]
    direction = np.sign(values[1] - values[0]) if values.size > 1 else 1
    cuts = np.flatnonzero(direction * np.diff(values) <= 0) + 1
    parts = {name: np.split(column, cuts) for name, column in table.items()}
    return [Table(zip(parts, part)) for part in zip(*parts.values())]


def read_spectra(folder):
    """All spectra of a run in the order of time; none without impedance.csv."""
    paths = [pathlib.Path(folder, name) for name in ("impedance.csv", "drt.csv")]
    if not paths[0].is_file():
        return []
    parts = split(read_table(paths[0]), "frequency_Hz")
    times = split(read_table(paths[1]), "tau_s") if paths[1].is_file() else []
    spectra = [
        Spectrum(
            part["time_s"][0],
            int(part["step"][0]),
            part["frequency_Hz"],
            part["z_re_ohm_cm2"] + 1j * part["z_im_ohm_cm2"],
        )
        for part in parts
    ]
    for spectrum, part in zip(spectra, times):
        spectrum.tau, spectrum.gamma = part["tau_s"], part["gamma_ohm_cm2"]
    return spectra


class Frame(dict):
    """Fields of one moment in SI, as arrays [z, y, x] by name; those on the face have one layer.
    `time` [s], `numbers`: the moment's; `units`, `names`: of the fields; `grid`: x, y, z, faces of
    the cells [m], and region: 0 electrolyte, 1 interphase, 2 alloy."""

    def __init__(self, group, grid, only=None):
        fields = {name: data for name, data in group.items() if only is None or name in only}
        super().__init__((name, data[:]) for name, data in fields.items())
        self.numbers = {name: value[()] for name, value in group.attrs.items()}
        self.time, self.grid = self.numbers["time"], grid
        self.units = {name: _text(data.attrs.get("unit", "")) for name, data in fields.items()}
        self.names = {name: _text(data.attrs.get("long_name", "")) for name, data in fields.items()}

    def xarray(self):
        """The same as a Dataset of xarray, over the centres of the cells."""
        import xarray

        centres = {axis: (self.grid[axis][1:] + self.grid[axis][:-1]) / 2 for axis in "zyx"}
        data = {}
        for name, values in self.items():
            whole = values.shape[0] == centres["z"].size
            data[name] = (
                ("z", "y", "x") if whole else ("y", "x"),
                values if whole else values[0],
                {"units": self.units[name], "long_name": self.names[name]},
            )
        return xarray.Dataset(data, centres, dict(self.numbers))


def _text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def run_folder(folder):
    """The path of a run directory; those of studies and fits are none."""
    path = pathlib.Path(folder)
    if not path.is_dir():
        raise ReadError(f"there is no directory {folder}")
    for name, kind, what in (("samples.csv", "study", "scripts/plot_study.py"), ("fit.yaml", "fit", "nakfield fit --pictures")):
        if (path / name).is_file() and (path / "samples").is_dir():
            raise ReadError(f"{folder} is a {kind}: {what} draws it, and its runs are in {folder}/samples")
    return path


class Run:
    """A run directory; files are read when they are first asked for, and kept, frames excepted."""

    def __init__(self, folder):
        self.folder, self._kept = run_folder(folder), {}

    def _keep(self, name, read):
        if name not in self._kept:
            self._kept[name] = read()
        return self._kept[name]

    @property
    def summary(self):
        """summary.json; {} for a run that has not ended."""
        return self._keep("summary", self._read_summary)

    def _read_summary(self):
        path = self.folder / "summary.json"
        if not path.is_file():
            return {}
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ReadError(f"{path}: {error}") from None

    @property
    def kind(self):
        """Name of the table of the course of time, without .csv: timeseries of a cell, phases of
        the alloy's phases, free_energy of PFHub's models."""
        paths = [self.folder / name for name in TABLES]
        return next((path.stem for path in paths if path.is_file()), "timeseries")

    @property
    def table(self):
        """The course of time."""
        return self._keep("table", lambda: read_table(self.folder / f"{self.kind}.csv"))

    def cell(self, names):
        """Columns of the run of a cell, by their names."""
        if self.kind != "timeseries":
            raise ReadError(f"{self.folder} is the run of a box: scripts/plot_phases_box.py draws it")
        missing = [name for name in names if name not in self.table]
        if missing:
            raise ReadError(f"{self.folder}/timeseries.csv has no column {', '.join(missing)}")
        return Table((name, self.table[name]) for name in names)

    @property
    def steps(self):
        """Reports of the protocol's steps."""
        return self.summary.get("steps", [])

    @property
    def events(self):
        """What happened, in the order of time."""
        return self.summary.get("events", [])

    @property
    def spectra(self):
        """Impedances, in the order of time."""
        return self._keep("spectra", lambda: read_spectra(self.folder))

    @property
    def map(self):
        """map.csv: the face of a 2D run along x against time, as arrays [time, x]; None without
        one.
        """
        return self._keep("map", self._read_map)

    def _read_map(self):
        path = self.folder / "map.csv"
        if not path.is_file():
            return None
        return as_map(read_table(path))

    @property
    def times(self):
        """Of the frames [s]; [] without fields."""
        if not (self.folder / "fields.h5").is_file():
            return []
        with self._fields() as file:
            return [file["frames"][name].attrs["time"] for name in sorted(file["frames"])]

    def frame(self, index, only=None):
        """Fields of a frame, counted from 0, -1 for the last; of `only` these names, if any."""
        with self._fields() as file:
            names = sorted(file["frames"])
            if not -len(names) <= index < len(names):
                raise ReadError(f"{self.folder} has {len(names)} frames: there is no frame {index}")
            grid = self._keep(
                "grid", lambda: {name: data[:] for name, data in file["grid"].items()}
            )
            return Frame(file["frames"][names[index]], grid, only)

    @contextlib.contextmanager
    def _fields(self):
        """fields.h5 open; each frame is a file of its own beside it, which may be cut or missing.
        """
        import h5py

        try:
            with h5py.File(self.folder / "fields.h5", "r") as file:
                yield file
        except (OSError, KeyError) as error:
            raise ReadError(f"cannot read {self.folder / 'fields.h5'}: {error.args[0]}") from None
