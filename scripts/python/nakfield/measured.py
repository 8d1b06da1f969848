"""Files of instruments and cyclers, which the program reads: `nakfield export FILE --bdf`."""
import csv
import io

import numpy as np

from .run import Spectrum, Table
from .text import InputError

TIME, VOLTAGE = "Test Time / s", "Voltage / V"
FREQUENCY, RE, IM = "Frequency / Hz", "Real Impedance / ohm", "Imaginary Impedance / ohm"


def read_measured(runner, path, entries=()):
    """The columns of a file by their names in BDF, without the current, whose sign is not needed;
    `entries` as on the command line."""
    words = ["export", str(path), "--bdf", "positive=unknown", *entries]
    heading, *rows = csv.reader(io.StringIO(runner.ask(*words)))
    return Table(zip(heading, np.array(rows, dtype=float).T))


def spectrum_of(table, area):
    """A measured spectrum per area, by that of the cell [cm2]."""
    if not area:
        raise InputError("a measured spectrum needs the cell's area, in cm^2: --area 0.385")
    return Spectrum(0.0, 0, table[FREQUENCY], area * (table[RE] + 1j * table[IM]))
