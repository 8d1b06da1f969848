"""From a study's file to its samples: see docs/studies.md."""
import csv
import itertools
import pathlib
import re

import numpy as np

from .collect import parse as parse_number
from .text import Form, List, Map, Text, read_yaml, show

KEYS = ("title", "deck", "output", "set", "vary", "how", "seed", "seeds", "ranks", "collect")
PLAIN, DRAWN = ("product", "zip", "one_at_a_time"), ("lhs", "sobol", "morris")
LEVELS = 4  # of Morris's grid
MOST = 1_000_000  # samples


class Axis:
    """What one entry of the deck takes: values, or a distribution over u in (0, 1)."""

    def __init__(self, key, line, values=None, draw=None):
        self.key, self.line, self.values, self.draw = key, line, values, draw

    def at(self, u):
        """The value of a number in [0, 1]."""
        if self.draw is not None:
            return self.draw(u)
        return self.values[min(int(u * len(self.values)), len(self.values) - 1)]


class Plan:
    """A study's file, taken apart; `base(key)` is number and unit of the deck's entry, or None."""

    def __init__(self, path, base):
        self.path, self.form, self.base = pathlib.Path(path), Form(path), base
        self.file = file = read_yaml(path)
        form = self.form
        form.known(file, KEYS)
        for key in ("deck", "vary"):
            if key not in file:
                form.error(1, f"there is no {key}")
        form.raise_errors()
        self.deck = str((self.path.parent / form.text(file["deck"])).absolute())
        self.output = pathlib.Path(
            form.text(file["output"]) if "output" in file else f"runs/{self.path.stem}"
        )
        self.ranks = form.whole(file["ranks"], 1, 100_000) if "ranks" in file else 1
        self.seed = form.whole(file["seed"], 0, 2**31) if "seed" in file else 0
        self._read_how(file.get("how", Text("product")))
        self.axes = []  # also of a table, whose values are rows
        self.fixed = {}
        self.collect = []

    # ---- The file ----

    def read(self):
        """What needs the deck; all errors of the file are raised together."""
        form, file = self.form, self.file
        fixed = file.get("set", Map())
        if isinstance(fixed, Map):
            self.fixed = {key: (form.text(value), fixed.lines[key]) for key, value in fixed.items()}
        else:
            form.error(fixed, "expected a map of entries and their values")
        if self.how == "table":
            self.axes = self._read_table(file["vary"])
        elif isinstance(file["vary"], Map) and file["vary"]:
            self.axes = [
                self._axis(key, value, file["vary"].lines[key])
                for key, value in file["vary"].items()
            ]
        else:
            form.error(file["vary"], "expected a map of entries that vary, and what they take")
        self.seeds = self._read_seeds(file.get("seeds"))
        wanted = file.get("collect", Map())
        if form.known(wanted, tuple(wanted) if isinstance(wanted, Map) else ()):
            for name, piece in wanted.items():
                self._read_number(name, piece)
        if self.how == "zip" and len({len(axis.values) for axis in self.axes if axis.values}) > 1:
            form.error(
                file["vary"],
                "zip needs lists of one length, not "
                + ", ".join(str(len(axis.values)) for axis in self.axes),
            )
        form.raise_errors()

    def _read_number(self, name, piece):
        if not re.fullmatch(r"[A-Za-z]\w*", name):
            self.form.error(piece, f"the name '{name}' must be of letters, digits and _")
        try:
            self.collect.append((name, parse_number(self.form.text(piece))))
        except ValueError as error:
            self.form.error(piece, str(error))

    def _read_how(self, piece):
        self.how, self.count, self.indices = "product", 0, False
        if isinstance(piece, Text) and piece in PLAIN + ("table",):
            self.how = str(piece)
        elif isinstance(piece, Map) and any(word in piece for word in DRAWN):
            self.how = next(word for word in DRAWN if word in piece)
            self.count = self.form.whole(piece[self.how], 1, MOST)
            self.form.known(piece, (self.how, "indices") if self.how == "sobol" else (self.how,))
            self.indices = piece.get("indices") == "yes"
            if piece.get("indices", "yes") not in ("yes", "no"):
                self.form.error(piece["indices"], "'indices' must be yes or no")
        else:
            self.form.error(
                piece,
                "'how' must be product, zip, one_at_a_time, table, or {lhs: COUNT}, "
                "{sobol: COUNT}, {sobol: COUNT, indices: yes} or {morris: COUNT}",
            )

    def _read_seeds(self, piece):
        if piece is None:
            return []
        match = re.fullmatch(r"(\d+)\.\.(\d+)", piece) if isinstance(piece, Text) else None
        if match and int(match[1]) <= int(match[2]) < int(match[1]) + MOST:
            return [str(n) for n in range(int(match[1]), int(match[2]) + 1)]
        self.form.error(piece, "seeds must be like 1..5")
        return []

    def _read_table(self, piece):
        """The rows of a table as values that go together."""
        path = self.path.parent / self.form.text(piece)
        try:
            with open(path, newline="", encoding="utf-8-sig") as file:
                rows = [row for row in csv.reader(file) if row]
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            self.form.error(piece, f"cannot read the table {path}: {error}")
            return []
        if len(rows) < 2 or len(set(rows[0])) < len(rows[0]):
            self.form.error(
                piece, f"{path} must have a line of different entries, and lines of values"
            )
            return []
        for number, row in enumerate(rows[1:], 2):
            if len(row) != len(rows[0]):
                self.form.errors.append(
                    f"{path}:{number}: {len(row)} values under {len(rows[0])} entries"
                )
        return [
            Axis(key.strip(), piece.line, [value.strip() for value in values])
            for key, values in zip(rows[0], zip(*rows[1:]))
        ]

    def _axis(self, key, piece, line):
        form = self.form
        if isinstance(piece, List):
            axis = Axis(key, line, [form.text(item) for item in piece])
        elif isinstance(piece, Map) and "from" in piece:
            axis = self._range(key, piece, line)
        elif isinstance(piece, Map) and "times" in piece and form.known(piece, ("times",)):
            axis = self._times(key, piece["times"], line)
        elif isinstance(piece, Map) and "normal" in piece and form.known(piece, ("normal",)):
            axis = self._normal(key, piece["normal"], line)
        else:
            axis = Axis(key, line)
            form.error(
                piece,
                f"{key} takes a list, {{from, to, count, scale}}, {{times: [...]}} or "
                "{normal: [mean, deviation]}",
            )
        if axis.values is None and axis.draw is None or axis.values == []:
            axis.values = [""]
            form.error(piece, f"{key} takes no value")
        if axis.values is None and self.how not in DRAWN:
            form.error(
                piece, f"{key} has a distribution: give values, or draw by lhs, sobol or morris"
            )
            axis.values = [""]
        return axis

    def _range(self, key, piece, line):
        form = self.form
        form.known(piece, ("from", "to", "count", "scale"))
        if "to" not in piece:
            form.error(piece, f"{key} has 'from' but not 'to'")
            return Axis(key, line, [""])
        (low, unit), (high, other) = form.quantity(piece["from"]), form.quantity(piece["to"])
        log = piece.get("scale", "linear") == "log"
        if unit != other:
            form.error(piece["to"], f"from is in '{unit}' and to in '{other}': give both one unit")
        if piece.get("scale", "linear") not in ("linear", "log") or log and not min(low, high) > 0:
            form.error(piece, "'scale' must be linear, or log for numbers above 0")
            log = False

        def draw(u):
            if u in (0, 1):
                return show(high if u else low, unit)
            return show(low * (high / low) ** u if log else low + (high - low) * u, unit)

        if self.how in DRAWN:
            return Axis(key, line, draw=draw)
        if "count" not in piece:
            form.error(piece, f"{key} has no count of values from {piece['from']} to {piece['to']}")
        count = form.whole(piece["count"], 2, MOST) if "count" in piece else 2
        return Axis(key, line, [draw(u) for u in np.linspace(0, 1, count)])

    def _times(self, key, piece, line):
        given = self.base(key)
        if given is None:
            self.form.error(line, f"the deck has no number {key} that could be multiplied")
            return Axis(key, line, [""])
        number, unit = given
        factors = piece if isinstance(piece, List) else []
        return Axis(key, line, [show(number * self.form.quantity(f)[0], unit) for f in factors])

    def _normal(self, key, piece, line):
        if not isinstance(piece, List) or len(piece) != 2:
            self.form.error(piece, "normal takes [mean, deviation]")
            return Axis(key, line, [""])
        (mean, unit), (deviation, other) = map(self.form.quantity, piece)
        from scipy.stats import norm

        if unit != other or not deviation > 0:
            self.form.error(piece, "mean and deviation need one unit, and the deviation is above 0")
        return Axis(
            key,
            line,
            draw=lambda u: show(norm.ppf(min(max(u, 1e-6), 1 - 1e-6), mean, deviation), unit),
        )

    # ---- The samples ----

    @property
    def keys(self):
        """Entries that differ between samples."""
        return [axis.key for axis in self.axes] + (["seeds"] if self.seeds else [])

    def rows(self, more=()):
        """Values of all samples: of the file, and a block of draws for each number in `more`."""
        rows = [
            row
            for k, count in enumerate([self.count, *more])
            for row in self._block(k, count, more)
        ]
        return [row + ([seed] if seed else []) for row in rows for seed in (self.seeds or [None])]

    def _block(self, k, count, more):
        lists = [axis.values for axis in self.axes]
        if self.how == "product":
            return [list(row) for row in itertools.product(*lists)]
        if self.how in ("zip", "table"):
            return [list(row) for row in zip(*lists)]
        if self.how == "one_at_a_time":
            return self._one_at_a_time(lists)
        before = sum([self.count, *more][:k])
        return [
            [axis.at(u) for axis, u in zip(self.axes, point)]
            for point in self.points(before, count)
        ]

    @staticmethod
    def _one_at_a_time(lists):
        """The first values of all, then each of the others of one."""
        first = [values[0] for values in lists]
        return [first] + [
            first[:k] + [value] + first[k + 1 :]
            for k, values in enumerate(lists)
            for value in values[1:]
        ]

    def points(self, before, count):
        """Draws `before` to before + count in the unit cube; of indices and Morris, sets."""
        from scipy.stats import qmc

        d = len(self.axes)
        if self.how == "lhs":  # a further block is a Latin hypercube of its own
            return qmc.LatinHypercube(d, seed=np.random.default_rng([self.seed, before])).random(
                count
            )
        if self.how == "morris":
            return np.concatenate([self._trajectory(k, d) for k in range(before, before + count)])
        if self.indices:
            return np.concatenate([self._set(k, d) for k in range(before, before + count)])
        sequence = qmc.Sobol(d, seed=self.seed)
        return sequence.random(1 << (before + count - 1).bit_length())[before : before + count]

    def _set(self, number, d):
        """Saltelli's: two points, and the first with each entry of the second.  Sets are
        independent: on Sobol's sequence intervals of a bootstrap would not hold."""
        a, b = np.random.default_rng([self.seed, number]).random((2, d))
        return np.array([a, b] + [np.where(np.arange(d) == k, b, a) for k in range(d)])

    def _trajectory(self, number, d):
        """Morris's: each entry is moved once by delta, in random order."""
        random = np.random.default_rng([self.seed, number])
        delta = LEVELS / (2 * (LEVELS - 1))
        point = random.integers(0, LEVELS // 2, d) / (LEVELS - 1)
        up = random.integers(0, 2, d)
        point = point + (1 - up) * delta
        points = [point]
        for k in random.permutation(d):
            point = point.copy()
            point[k] += delta if up[k] else -delta
            points.append(point)
        return np.array(points)
