"""What the torture scripts share: runs that can be compared byte by byte, and one line of figures.

Each script is a test: exit status 0 only where every case held.  `--count N` says how many cases;
the test suite runs some tens, docs/reliability.md quotes long runs.
"""
import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "integration"))
import h5py  # noqa: E402
import nakrun  # noqa: E402

TABLES = ("timeseries.csv", "impedance.csv", "drt.csv", "free_energy.csv", "phases.csv", "x_cut_plane.csv", "y_cut_plane.csv",
          "map.csv")

# A little of everything: located events, pulses, spectra, frames between steps; 1D, and 2D for more
# ranks.
DECK = """
title: torture
grid: {alloy_layers: 8, electrolyte_layers: 4, interphase_layers: 4, finest_electrolyte: 2 um}
protocol:
  - {strip: 0.5 mA/cm^2, for: 200 s, until: voltage > 0.2 V}
  - pulses: {current: 1 mA/cm^2, on: 1 s, off: 2 s, count: 6}
  - {rest: 20 s, impedance: {every: 7 s}}
impedance: {per_decade: 2}
output: {fields: {every: 10 s}}
checkpoint: {every: 0 s, steps: 1}
"""
# In 2D it takes more time, so less of it.
COLUMNS = ("grid.nx=6", "grid.width=24 um", "contact.fraction=0.5", "contact.shape=strip",
           "solver.tolerance=1e-3", "protocol.0.for=20 s", "protocol.1.pulses.count=1", "protocol.2.rest=5 s")


def arguments(count, description, *flags):
    """What all scripts take, and flags of one: (name, help)."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--count", type=int, default=count, help=f"cases (default: {count})")
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="leave the folder of the runs")
    for name, text in flags:
        parser.add_argument(name, action="store_true", help=text)
    return parser.parse_args()


class Folder:
    """A temporary folder with a deck in it."""

    def __init__(self, keep=False, deck=DECK, columns=COLUMNS):
        self.path, self.keep, self.columns = Path(tempfile.mkdtemp(prefix="torture-")), keep, columns
        self.deck = self.path / "deck.yaml"
        self.deck.write_text(deck)
        # Programs without a launcher share a folder of Open MPI's, which the first to end removes.
        os.environ["OMPI_MCA_orte_tmpdir_base"] = str(self.path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.keep:
            print(f"runs left in {self.path}")
        else:
            shutil.rmtree(self.path, ignore_errors=True)

    def new(self, name="run", *extra, ranks=1, **keywords):
        columns = self.columns if ranks > 1 else ()
        return nakrun.call("run", self.deck, f"output.directory={self.path / name}", *columns, *extra,
                           "--replace", "--quiet", ranks=ranks if ranks > 1 else 0, **keywords)

    def again(self, name="run", *extra, ranks=1, **keywords):
        return nakrun.call("run", "--restart", self.path / name, *extra, "--quiet", "--replace",
                           ranks=ranks if ranks > 1 else 0, **keywords)

    def start(self, name="run", *extra, ranks=1, environment=None):
        """Start a run in a process group of its own."""
        launcher = os.environ.get("MPIEXEC", shutil.which("mpirun") or "mpiexec")
        command = [nakrun.program(), "run", self.deck, f"output.directory={self.path / name}",
                   *(self.columns if ranks > 1 else ()), *extra, "--replace", "--quiet"]
        return self.launch(command, launcher, ranks, environment)

    def resume(self, name="run", *extra, ranks=1, environment=None):
        launcher = os.environ.get("MPIEXEC", shutil.which("mpirun") or "mpiexec")
        command = [nakrun.program(), "run", "--restart", self.path / name, *extra, "--quiet",
                   "--replace"]
        return self.launch(command, launcher, ranks, environment)

    @staticmethod
    def launch(command, launcher, ranks, environment):
        if ranks > 1:
            command = [launcher, "-n", str(ranks), *command]
        return subprocess.Popen([str(word) for word in command], start_new_session=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                env={**nakrun.environment(), **(environment or {})})


def fingerprint(folder):
    """What two runs must share to the last bit: tables, frames, and the summary without its clock.
    """
    folder, prints = Path(folder), {}
    for name in TABLES:
        if (folder / name).exists():
            prints[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    for path in sorted((folder / "fields").glob("0*.h5")):
        prints[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    for path in folder.glob("*.xmf"):
        prints[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    if (folder / "fields.h5").exists():  # it holds the deck, with the directory
        with h5py.File(folder / "fields.h5") as file:
            prints["fields.h5"] = str(list(file["frames"]))
    summary = json.loads((folder / "summary.json").read_text())
    for clock in ("wall_s", "march_s"):
        summary.pop(clock, None)
    prints["summary.json"] = json.dumps(summary, sort_keys=True)
    return prints


def differences(folder, reference):
    found = fingerprint(folder)
    return [name for name in sorted(set(found) | set(reference))
            if found.get(name) != reference.get(name)]


def strays(folder):
    """Temporary files that nobody will ever complete."""
    return [str(path) for path in Path(folder).glob("**/*.tmp")]


def checkpoints(folder):
    return sorted((Path(folder) / "checkpoint").glob("*.h5"))


def report(line, failures, began):
    for failure in failures[:20]:
        print("FAILED:", failure)
    print(f"{line}; {len(failures)} failures; {time.time() - began:.0f} s")
    return 1 if failures else 0
