"""Run nakfield as a user does, and read what it leaves.

ctest tells where the program is (NAKFIELD) and how to start ranks (MPIEXEC).
"""
import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
DECKS = TOP / "inputs"
sys.path.insert(0, str(TOP / "scripts" / "python"))

import nakfield  # noqa: E402

DONE, INPUT, SOLVER, OUTPUT = 0, 2, 3, 4  # exit statuses


def program():
    path = os.environ.get("NAKFIELD", str(TOP / "build" / "release" / "nakfield"))
    if not os.access(path, os.X_OK):
        raise SystemExit(f"no program at {path}; set NAKFIELD")
    return path


class Output:
    """Exit status and texts of one call."""

    def __init__(self, command, process):
        self.command, self.status = " ".join(map(str, command)), process.returncode
        self.out, self.err = process.stdout, process.stderr

    def demand(self, status, message=None):
        """Both the exit status and a message (a regular expression, in either stream)."""
        text = re.sub(r"(?m)^(.{400}).*$", r"\1 ...", self.out + self.err)
        if self.status != status:
            raise AssertionError(f"{self.command}\nended with {self.status}, not {status}:\n{text}")
        if message is not None and not re.search(message, text):
            raise AssertionError(f"{self.command}\ndid not say /{message}/ but:\n{text}")
        return self


def call(*arguments, ranks=1, folder=None, timeout=600, leaks=True):
    """Start the program on `ranks` ranks in `folder`; not to look for leaks takes a tenth of the
    sanitizer's time.
    """
    launcher = os.environ.get("MPIEXEC", shutil.which("mpirun") or "mpiexec")
    command = [launcher, "-n", str(ranks), program(), *map(str, arguments)]
    if ranks == 0:
        command = command[3:]  # without a launcher
    settings = environment() if leaks else {**environment(), "ASAN_OPTIONS": "detect_leaks=0"}
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=timeout,
                             errors="replace", env=settings, check=False)
    return Output(command, process)


def shell(line, *arguments, folder=None, timeout=60):
    """Start the program from a line of the shell, in which "$@" stands for it."""
    command = ["sh", "-c", line, "sh", program(), *map(str, arguments)]
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=timeout,
                             env=environment(), check=False)
    return Output(command, process)


# Open MPI's files, apart from those of other programs: of two that begin and end together, one may
# otherwise remove the folder that both use.
SESSIONS = tempfile.mkdtemp(prefix="nakrun-")
atexit.register(shutil.rmtree, SESSIONS, ignore_errors=True)


def environment():
    settings = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMP_NUM_THREADS": "1",
                "OMPI_MCA_hwloc_base_binding_policy": "none", "OMPI_MCA_mpi_yield_when_idle": "1",
                "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",  # these two for Open MPI 5
                "PRTE_MCA_hwloc_default_binding_policy": "none",
                "OMPI_MCA_orte_tmpdir_base": SESSIONS}
    return {**settings, **os.environ}


class Run:
    """A run directory."""

    def __init__(self, folder, output):
        self.folder, self.output = Path(folder), output
        read = nakfield.Run(folder)
        self.summary = read.summary
        self.series = {name: values.tolist() for name, values in read.table.items()}

    @property
    def balance(self):
        """The worst of the balances of Na, K and charge."""
        return max(self.summary["balance"].values())


def run(deck, *overrides, ranks=1, folder=None, status=DONE, message=None, timeout=600):
    """Run a deck (a path, or YAML itself) in `folder` or a temporary one, and load the result."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(folder or scratch)
        if "\n" in str(deck):
            path = place / "deck.yaml"
            path.write_text(deck)
        else:
            path = Path(deck)
        output = call("run", path, "output.directory=run", *overrides, "--replace", "--quiet",
                      ranks=ranks, folder=place, timeout=timeout)
        output.demand(status, message)
        return Run(place / "run", output)


def relative(value, expected):
    """Relative distance of two numbers; of two zeros, 0."""
    scale = max(abs(expected), 1e-300)
    return abs(value - expected) / scale
