"""nakfield in Python: run directories and studies as data."""
from .results import Study
from .run import Frame, ReadError, Run, Spectrum, Table, read_table

__all__ = ["Frame", "ReadError", "Run", "Spectrum", "Study", "Table", "read_table"]
