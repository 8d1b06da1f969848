"""Folders of studies, read.

    study = nakfield.Study("runs/limits")
    study.results["limit_mA_cm2"]    # results.csv: arrays of numbers, lists of texts
    study.values("alloy.potassium")  # an entry's values as numbers, and their unit
    study.run(3).table               # the run of sample 3
"""
import csv
import pathlib

import numpy as np

from .run import ReadError, Run, Table
from .text import NUMBER


def _column(texts):
    try:
        return np.array([float(text) if text else np.nan for text in texts])
    except ValueError:
        return list(texts)


def _rows(path):
    try:
        with open(path, newline="", encoding="utf-8") as file:
            return list(csv.reader(file))
    except OSError as error:
        raise ReadError(f"cannot read {path}: {error.strerror}") from None


class Study:
    """The folder of a study."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        heading, *rows = _rows(self.folder / "results.csv")
        self.results = Table(zip(heading, map(_column, zip(*rows))))
        samples = [_rows(path) for path in sorted(self.folder.glob("samples*.csv"), key=_number)]
        self.keys = samples[0][0][2:]
        self.names = [row[1] for table in samples for row in table[1:]]

    def values(self, key):
        """Numbers of an entry, and its unit; texts are counted in the order of their samples."""
        texts = self.results[key]
        if isinstance(texts, np.ndarray):
            return texts, ""
        found = [NUMBER.match(text) for text in texts]
        if all(found) and len({match[2] for match in found}) == 1:
            return np.array([float(match[1]) for match in found]), found[0][2]
        return (
            np.array([list(dict.fromkeys(texts)).index(text) for text in texts], dtype=float),
            None,
        )

    def run(self, sample):
        """The run of a sample."""
        return Run(self.folder / "samples" / self.names[sample])


def _number(path):
    return int(path.stem.partition("-")[2] or 0)
