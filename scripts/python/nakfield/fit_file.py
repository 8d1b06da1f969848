"""The file of a fit, taken apart: parameters and data sets; see docs/studies.md."""
import math
import pathlib
import re

import numpy as np

from .collect import parse as parse_number
from .measured import FREQUENCY, IM, RE, TIME, VOLTAGE, read_measured
from .text import Form, InputError, List, Map, Text, read_yaml

KEYS = ("title", "output", "parameters", "data", "starts", "seed", "loss")
PARAMETER = ("key", "of", "own", "start", "from", "to", "scale", "prior")
TIED = ("key", "of", "tied", "factor")
DATA = ("deck", "set", "use", "sigma", "tolerance", "number", "over", "minus")
DATA += ("value", "above", "below", "voltage", "spectrum", "from", "to", "area", "columns")
FAILED = 100.0  # residual of what a run does not have
EXPORTED = {
    "voltage": (TIME, VOLTAGE),
    "spectrum": (FREQUENCY, RE, IM),
}


def read_set_names(form, piece, known):
    """The names of data sets that a parameter is for; all of them without `of`."""
    if "of" not in piece:
        return list(known)
    names = [form.text(name) for name in piece["of"]] if isinstance(piece["of"], List) else []
    if not names or not set(names) <= set(known):
        form.error(piece["of"], f"'of' must be a list of data sets: {', '.join(known)}")
    return names


class Parameter:
    """An entry between bounds; inside it is a number from 0 to 1.  `of`: its data sets."""

    def __init__(self, form, name, piece, line, sets):
        self.name, self.line, self.of, self.prior = name, line, sets, None
        self.key = form.text(piece["key"]) if "key" in piece else name
        if not form.known(piece, PARAMETER) or not {"start", "from", "to"} <= set(piece):
            form.error(piece, f"{name} needs start, from and to")
            return
        (self.low, self.unit), (self.high, _), (start, _) = found = [
            form.quantity(piece[word]) for word in ("from", "to", "start")
        ]
        self.log = piece.get("scale") == "log"
        if piece.get("scale", "linear") not in ("linear", "log"):
            form.error(piece["scale"], "'scale' must be linear or log")
        if len({unit for _, unit in found}) > 1:
            form.error(piece, f"start, from and to of {name} need one unit")
        if not self.low < self.high or not self.low <= start <= self.high:
            form.error(
                piece, f"{name} must go from a bound to a higher one, and start between them"
            )
        elif self.log and self.low <= 0:
            form.error(piece, f"{name} needs bounds above 0 for scale: log")
        else:
            self.start = self.inside(start)
        if "prior" in piece:
            self._read_prior(form, piece["prior"])

    def _read_prior(self, form, piece):
        if not isinstance(piece, List) or len(piece) != 2:
            form.error(piece, "'prior' must be [mean, deviation]")
            return
        (mean, unit), (deviation, other) = map(form.quantity, piece)
        if {unit, other} != {self.unit} or not deviation > 0:
            form.error(piece, f"mean and deviation must be in '{self.unit}', and the deviation above 0")
        self.prior = mean, deviation

    def inside(self, value):
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def value(self, u):
        if self.log:
            return self.low * (self.high / self.low) ** u
        return self.low + (self.high - self.low) * u


class Tied:
    """An entry that is a multiple of a parameter, `tied`."""

    def __init__(self, form, name, piece, line, sets):
        self.name, self.line, self.of = name, line, sets
        self.key = form.text(piece["key"]) if "key" in piece else name
        form.known(piece, TIED)
        self.tied = form.text(piece["tied"])
        self.factor, unit = form.quantity(piece["factor"]) if "factor" in piece else (1.0, "")
        if unit:
            form.error(piece["factor"], "'factor' must be a number without a unit")


def read_parameters(form, file):
    """Parameters, one for each set where they are a set's own, and tied entries."""
    free, tied, sets = [], [], list(file["data"])
    for name, piece in file["parameters"].items():
        line = file["parameters"].lines[name]
        if not isinstance(piece, Map):
            form.error(piece, f"{name} must be a map of start, from, to")
            continue
        of = read_set_names(form, piece, sets)
        if piece.get("own", "no") not in ("yes", "no"):
            form.error(piece["own"], "'own' must be yes or no")
        if "tied" in piece:
            tied.append(Tied(form, name, piece, line, of))
        elif piece.get("own") == "yes":
            for own in of:
                free.append(Parameter(form, name, piece, line, [own]))
                free[-1].set_name = own
        else:
            free.append(Parameter(form, name, piece, line, of))
    for one in tied:
        there = {name for p in free if p.name == one.tied for name in p.of}
        if not set(one.of) <= there:
            form.error(one.line, f"{one.name} is tied to '{one.tied}', which is no parameter there")
    taken = {}
    for one in free + tied:
        for name in one.of:
            if taken.setdefault((one.key, name), one) is not one:
                form.error(one.line, f"{one.key} of {name} appears twice")
    for p in free:  # what the answer calls it
        p.label = f"{p.name} of {p.set_name}" if hasattr(p, "set_name") else p.name
    return free, tied


class Data:
    """One measurement, and the deck that is to give it.

    `scale` is its sigma or its tolerance; a bound counts where it is not kept.
    """

    def __init__(self, form, runner, folder, name, piece):
        self.form, self.folder, self.name, self.piece, self.number = form, folder, name, piece, None
        self.other = self.second = None  # the set and the number that its number is set against
        kinds = [word for word in ("number", "voltage", "spectrum") if word in piece]
        if not form.known(piece, DATA) or "deck" not in piece:
            form.error(piece, f"{name} needs a deck")
            return
        if len(kinds) != 1:
            form.error(piece, f"{name} needs number, voltage or spectrum, one of them")
            return
        self.kind, self.deck = kinds[0], str((folder / form.text(piece["deck"])).absolute())
        fixed = piece.get("set", Map())
        if not isinstance(fixed, Map):
            form.error(fixed, "'set' must be a map of entries of the deck")
            fixed = Map()
        self.fixed = [
            (key, form.text(value), f"{form.path}:{fixed.lines[key]}")
            for key, value in fixed.items()
        ]
        self.use = piece.get("use", "fit")
        if self.use not in ("fit", "check"):
            form.error(piece["use"], "'use' must be fit or check")
        self.x, self.measured, self.bound = np.zeros(1), None, 0
        if self.kind == "number":
            self._read_number()
        else:
            self._read_file(runner)
        self._read_scale()

    def _read_scale(self):
        form, piece = self.form, self.piece
        words = [word for word in ("sigma", "tolerance") if word in piece]
        self.exact, self.scale = False, 1.0
        if self.measured is not None and np.isnan(self.measured).any() and not words:
            return
        if len(words) != 1:
            form.error(piece, f"{self.name} needs sigma or tolerance, one of them")
            return
        self.exact = words[0] == "tolerance"
        if self.exact and self.kind != "number":
            form.error(piece["tolerance"], f"a {self.kind} has noise: give sigma")
        self.scale, unit = form.quantity(piece[words[0]])
        expected = {"voltage": "V", "spectrum": "", "number": self.number and self.unit}
        if unit != expected[self.kind] or not self.scale > 0:
            form.error(
                piece[words[0]], f"{words[0]} is above 0, in '{expected[self.kind] or '1'}'"
            )

    def _read_number(self):
        """A value, or a bound that only counts where it is not kept; to look at, neither."""
        form, piece = self.form, self.piece
        words = [word for word in ("value", "above", "below") if word in piece]
        self.number = self._parse(piece["number"])
        if self.number is None:
            return
        self.unit = "" if "over" in piece else self.number.unit
        if not words and self.use == "check":
            self.measured = np.array([math.nan])
            return
        if len(words) != 1:
            form.error(piece, f"{self.name} needs value, above or below, one of them")
            return
        value, unit = form.quantity(piece[words[0]])
        if unit != self.unit:
            form.error(piece[words[0]], f"'{self.number.text}' is in '{self.unit or '1'}'")
        self.measured, self.bound = np.array([value]), {"above": 1, "below": -1}.get(words[0], 0)

    def _parse(self, piece):
        try:
            return parse_number(self.form.text(piece))
        except ValueError as error:
            self.form.error(piece, str(error))

    def set_against(self, sets):
        """Find what `over` or `minus` names: another data set's number, or one of the same run."""
        words = [word for word in ("over", "minus") if word in self.piece]
        if not words or self.number is None:
            return
        if len(words) > 1:
            self.form.error(self.piece, "a number can be over another one or minus another one, not both")
        piece = self.piece[words[0]]
        self.other = next((data for data in sets if data.name == piece), None)
        self.second = self.other.number if self.other else self._parse(piece)
        if self.second and self.second.unit != self.number.unit:
            self.form.error(piece, f"'{self.second.text}' is in '{self.second.unit or '1'}'")

    def _read_file(self, runner):
        """A file of a cycler or an impedance analyser, which the program reads."""
        form, piece = self.form, self.piece
        path = self.folder / form.text(piece[self.kind])
        options = [f"columns={self.folder / piece['columns']}"] if "columns" in piece else []
        try:
            read = read_measured(runner, path, options)
        except InputError as error:
            form.error(piece[self.kind], str(error))
            return
        names = EXPORTED[self.kind]
        if not set(names) <= set(read):
            form.error(piece[self.kind], f"{path} has no {', '.join(names)}, but {', '.join(read)}")
            return
        columns = [read[name] for name in names]
        low, high = (form.quantity(piece[w])[0] if w in piece else None for w in ("from", "to"))
        kept = (columns[0] >= (-np.inf if low is None else low)) & (
            columns[0] <= (np.inf if high is None else high)
        )
        self.x = columns[0][kept]
        if self.kind == "voltage":
            self.measured = columns[1][kept]
            return
        area, unit = form.quantity(piece["area"]) if "area" in piece else (math.nan, "")
        if unit != "cm^2" or not area > 0:
            form.error(piece, f"{self.name} needs the area of the measured cell, in cm^2")
        self.measured = area * (columns[1] + 1j * columns[2])[kept]

    def model(self, run):
        """What the run gives at the places of the measurement; nan where it does not."""
        if self.kind == "number":
            own = np.array([self.number.of_run(run)])
            if self.second is None or self.other:
                return own
            return self.compared(own, self.second.of_run(run))
        if self.kind == "voltage":
            table_ = run.table
            return np.interp(self.x, table_["time_s"], table_["voltage_V"], right=math.nan)
        return np.array([run.spectra[-1].at(f) for f in self.x] if run.spectra else [math.nan])

    def compared(self, found, other):
        """A number over or minus another one."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return found / other if "over" in self.piece else found - other

    def distances(self, found):
        """Over the scale, signed; of a spectrum, real and imaginary parts over sigma |Z|."""
        if self.kind == "spectrum":
            part = (found - self.measured) / (self.scale * np.abs(self.measured))
            part = np.concatenate([part.real, part.imag])
        else:
            part = (found - self.measured) / self.scale
        if np.isnan(self.measured).all():
            return np.full(1, math.nan)
        far = -FAILED if self.bound > 0 else FAILED
        return np.clip(np.where(np.isfinite(part), part, far), -FAILED, FAILED)

    def residuals(self, found):
        """Distances that count."""
        part = self.distances(found)
        if self.bound:
            part = np.minimum(part, 0) if self.bound > 0 else np.maximum(part, 0)
        return part

    @property
    def limits(self):
        """Of a distance within the tolerance; a bound is kept as it is."""
        return {0: (-1, 1), 1: (0, np.inf), -1: (-np.inf, 0)}[self.bound]


class FitFile:
    """All of the file; errors are raised together."""

    def __init__(self, path, runner):
        self.path, self.form = pathlib.Path(path), Form(path)
        form, file = self.form, read_yaml(path)
        form.known(file, KEYS)
        for key in ("parameters", "data"):
            if not isinstance(file.get(key), Map) or not file[key]:
                form.error(1, f"there is no map {key}")
        form.raise_errors()
        for name, piece in file["data"].items():
            if not isinstance(piece, Map):
                form.error(piece, f"{name} must be a map")
            if not re.fullmatch(r"[\w.-]+", name):
                form.error(
                    file["data"].lines[name],
                    f"the name '{name}' must be of letters, digits and _ . -",
                )
        form.raise_errors()
        self.parameters, self.tied = read_parameters(form, file)
        self.data = [Data(form, runner, self.path.parent, n, p) for n, p in file["data"].items()]
        form.raise_errors()
        for data in self.data:
            data.set_against(self.data)
        self.starts = form.whole(file["starts"], 1, 1000) if "starts" in file else 1
        self.seed = form.whole(file["seed"], 0, 2**31) if "seed" in file else 0
        self.loss = form.text(file.get("loss", Text("linear")))
        if self.loss not in ("linear", "soft_l1"):
            form.error(file["loss"], "'loss' must be linear or soft_l1")
        self.output = pathlib.Path(file.get("output", Text(f"runs/{self.path.stem}")))
        self.fitted = [data for data in self.data if data.use == "fit"]
        if not self.fitted:
            form.error(file.lines["data"], "no data set has `use: fit`")
        self.exact = any(data.exact for data in self.fitted)
        if self.exact and not all(data.exact for data in self.fitted):
            form.error(
                file.lines["data"],
                "figures with a tolerance give a range and those with sigma an interval: give all "
                "sets of `use: fit` the one or the other",
            )
        form.raise_errors()
