"""nakfield watch: how far runs are, from their files alone, while they go on and after; see
docs/clusters.md.
"""
import argparse
import csv
import json
import os
import pathlib
import socket
import sys
import time

from .run import TABLES, ReadError, run_folder

SILENT = 300  # s without a sign of life, after which a process of another machine is doubted
NO_EVENT = ("nakfield ", "PETSC", "PETSc ", "MPI ", "HDF5 ")  # lines of the log that begin it


def duration(seconds):
    """Wall time in words."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    for unit, size in (("min", 60), ("h", 3600)):
        if seconds < 100 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 86400:.3g} days"


def size(count):
    """Bytes in words."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.4g} TB"


def read_json(path, notes):
    """A file of JSON; None if there is none, or if it is damaged, of which `notes` speak."""
    try:
        found = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        notes.append(f"{path.name} cannot be read: {error}")
        return None
    if not isinstance(found, dict):
        notes.append(f"{path.name} is damaged: it holds no object")
        return None
    return found


def number(found, name, default=None):
    value = (found or {}).get(name)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else default


def last_row(path, notes):
    """The last whole row of a table, by its names; of a long file, only the end is read."""
    try:
        with open(path, "rb") as file:
            names = file.readline().decode("ascii", "replace").strip().split(",")
            start = file.tell()
            end = file.seek(0, os.SEEK_END)
            file.seek(max(start, end - 65536))
            lines = file.read().decode("ascii", "replace").split("\n")[:-1]
    except OSError as error:
        notes.append(f"{path.name} cannot be read: {error.strerror}")
        return None
    row = next(csv.reader(lines[-1:]), [])
    if not lines:
        return None
    if len(row) != len(names):
        notes.append(f"{path.name} is damaged: its last row has {len(row)} of {len(names)} numbers")
        return None
    return dict(zip(names, row))


def newest(folder, suffix):
    """The last file of a folder by its number, how many there are, and how old it is [s]."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(suffix) and name[:6].isdigit())
        return (names[-1], len(names), time.time() - (folder / names[-1]).stat().st_mtime) if names else None
    except OSError:
        return None


def weigh(folder):
    """Bytes and number of files below a folder."""
    total, count = 0, 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(place, name)).st_size
                count += 1
            except OSError:
                pass  # it has just gone
    return total, count


def alive(owner):
    """Whether the process that writes lives: None where this machine cannot know."""
    if owner.get("host") != socket.gethostname() or not isinstance(owner.get("pid"), int):
        return None
    try:
        os.kill(owner["pid"], 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


class Watched:
    """All that the files of a run say."""

    def __init__(self, folder):
        self.folder, self.notes = run_folder(folder), []
        self.owner = read_json(self.folder / "owner.json", self.notes)
        self.progress = read_json(self.folder / "progress.json", self.notes)
        self.summary = read_json(self.folder / "summary.json", self.notes)
        try:
            self.log = (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as error:
            self.log = []
            if self.summary is not None or self.owner is not None:
                self.notes.append(f"log.txt cannot be read: {error.strerror}")
        if not self.log and self.summary is None and self.owner is None:
            raise ReadError(f"{folder} is not a run directory: it has neither log.txt nor summary.json")

    @property
    def age(self):
        """Of the last sign of life [s]; None without one."""
        written = number(self.progress, "written")
        return None if written is None else max(0, time.time() - written)

    def state(self):
        """A word, and what there is to say of it."""
        if self.owner is not None:
            who = f"process {self.owner.get('pid', '?')} on {self.owner.get('host', '?')}"
            if self.owner.get("job"):
                who += f", job {self.owner['job']}"
            seen = "" if self.age is None else f", last sign of life {duration(self.age)} ago"
            lives = alive(self.owner)
            if lives is False:
                return "killed", f"{who} is gone{seen}; nakfield run --restart {self.folder} continues it"
            if lives is None and (self.age is None or self.age > SILENT):
                return "silent", f"{who}{seen}: it is in one long step, hangs, or was killed"
            return "running", who + seen
        if self.summary is not None:
            return str(self.summary.get("status", "unknown")), str(self.summary.get("end", ""))
        ended = next((line for line in reversed(self.log) if line.startswith("ended by an error: ")), None)
        return "broken", ended or "it has no summary.json, and no process writes to it"

    def way(self):
        """Lines on how far it is."""
        p, unit = self.progress or {}, (self.progress or {}).get("unit", "s")
        unit = f" {unit}" if unit else ""
        table = next((self.folder / name for name in TABLES if (self.folder / name).exists()), None)
        row = last_row(table, self.notes) if table else None
        at, left = number(p, "time"), number(p, "left")
        if at is not None:
            end = f" of at most {at + left:.6g}{unit}" if left is not None else ""
            yield f"at {at:.6g}{unit}{end}, {number(p, 'time_steps', 0):.0f} time steps, the last of {number(p, 'step', 0):.3g}{unit}"
        elif row:
            yield f"at {next(iter(row.values()))}{unit}"
        if row and "voltage_V" in row:
            shown = (("step", "step {}"), ("cycle", "cycle {}"), ("current_mA_cm2", "{} mA/cm^2"), ("voltage_V", "{} V"))
            yield "last row: " + ", ".join(words.format(row[name]) for name, words in shown if name in row)

    def pace(self):
        """The line on rate and time to go of a run that goes on."""
        p, unit = self.progress, f" {self.progress['unit']}" if (self.progress or {}).get("unit") else ""
        wall, run = number(p, "recent_seconds", 0), number(p, "recent_simulated", 0)
        if wall <= 0 or run <= 0:
            wall, run = number(p, "wall_seconds", 0), number(p, "simulated", 0)
        if wall <= 0 or run <= 0:
            return "rate: not known yet"
        text, left = f"rate: {run / wall * 60:.3g}{unit} a minute", number(p, "left")
        return text + (f"; about {duration(left * wall / run)} to go" if left is not None else "")

    def output(self):
        """Lines on files."""
        total, count = weigh(self.folder)
        room = ""
        try:
            disk = os.statvfs(self.folder)
            room = f"; room for {size(disk.f_bavail * disk.f_frsize)} on the disk"
        except OSError:
            pass
        yield f"output: {size(total)} in {count} files{room}"
        for what, folder in (("checkpoint", "checkpoint"), ("frame", "fields")):
            last = newest(self.folder / folder, ".h5")
            if last:
                yield f"last {what}: {folder}/{last[0]}, {duration(max(0, last[2]))} ago"

    def events(self, count):
        """The last lines of the log that are no heading."""
        lines = [line for line in self.log if line and not line.startswith(NO_EVENT)]
        return lines[-count:] if count else []

    def lines(self, events):
        state, words = self.state()
        yield f"{self.folder}: {state}" + (f": {words}" if words else "")
        yield from self.way()
        if state in ("running", "silent"):
            yield self.pace()
        yield from self.output()
        yield from (f"log: {line}" for line in self.events(events))
        yield from (f"note: {note}" for note in self.notes)


def show(folders, events):
    """Print what there is; whether any of them goes on, and whether one could not be read."""
    going = wrong = False
    for folder in folders:
        try:
            run = Watched(folder)
            going |= run.state()[0] == "running"
            print("\n  ".join(run.lines(events)), flush=True)
        except ReadError as error:
            wrong = True
            print(f"nakfield watch: {error}", file=sys.stderr)
    return going, wrong


def main(argv):
    parser = argparse.ArgumentParser(prog="nakfield watch", description=__doc__.partition(";")[0])
    parser.add_argument("folders", nargs="+", metavar="RUNDIR")
    parser.add_argument("--every", type=float, metavar="SECONDS", help="repeat until no run is active")
    parser.add_argument("--events", type=int, default=5, metavar="N", help="last lines of the log (5)")
    options = parser.parse_args(argv)
    if options.events < 0 or (options.every is not None and not options.every > 0):
        parser.error("--events takes a number from 0 on, --every one above 0")
    try:
        going, wrong = show(options.folders, options.events)
        while options.every and going:
            time.sleep(options.every)
            going, wrong = show(options.folders, options.events)
    except KeyboardInterrupt:
        return 5
    return 2 if wrong else 0
