"""Samples checked and computed by the program, and named by what their results follow from."""
import collections
import hashlib
import json
import os
import pathlib
import re
import shutil
import sys
import time

from .process import Ranks, Worker, carry_out
from .text import InputError

OUTPUT, STOPPED = 4, 5  # exit statuses of the program, as in include/nakfield/base.h
WRONG = 20  # samples in error after which no more are checked
WARNED = 10  # warnings that are shown
TRIES = 3  # of a sample whose process died
POLL = 2  # s between two looks at what other processes have finished
PLACE = re.compile(r"[^\n]*?:(\d+):")
COMMAND_LINE = re.compile(r"^command line:(\d+): ")
DIRECTORY = re.compile(r"^output:\n((?:  .*\n)*?)  directory:.*\n", re.MULTILINE)
VALUE = re.compile(r"(?::|-) (\"?)([^\s\"][^\"\n]*)\1$", re.MULTILINE)


class OutputError(Exception):
    """Results could not be written."""


class Stopped(Exception):
    """A signal asked for the end."""


class Sample:
    """A deck with overrides (key, value, place in the user's file); `name` once it is checked."""

    def __init__(self, deck, overrides):
        self.deck, self.overrides, self.name, self.resolved = deck, overrides, None, None
        self.restart, self.tries, self.words = False, 0, ()

    @property
    def settings(self):
        return [f"{key}={value}" for key, value, _ in self.overrides]


def _file_hash(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def _line(message):
    match = PLACE.match(message)
    return int(match[1]) if match else 0


class Runner:
    """`jobs` processes side by side, kept until close(); a `store` is needed for run().  A sample
    on several ranks counts as so many."""

    def __init__(self, program, jobs):
        self.program, self.jobs, self.ranks, self.store = program, jobs, 1, None
        self.workers = [Worker(program) for _ in range(jobs)]
        self.hashes, self.failed, self.warned = {}, 0, set()
        version = self.ask("--version").strip()
        self.identity = f"{version}\nSHA-256 {_file_hash(program)}\n"

    def close(self):
        for worker in self.workers:
            worker.close()

    def ask(self, *words):
        """What the program prints for one line; its error is the user's."""
        job, outcomes = Sample(None, []), []
        job.words = words
        jobs = iter([job])
        self._carry_out(
            self.workers[:1], lambda: next(jobs), lambda _, outcome: outcomes.append(outcome)
        )
        if outcomes[0].status != 0:
            raise InputError(outcomes[0].err.strip())
        return outcomes[0].out

    # ---- Checks ----

    def check(self, samples):
        """Have the program check all samples, and name them; errors are raised together."""
        queue, errors, warnings, wrong = collections.deque(samples), {}, {}, 0

        def next_job():
            if not queue or wrong >= WRONG:
                raise StopIteration
            sample = queue.popleft()
            sample.words = ["run", sample.deck, *sample.settings, "--dry-run"]
            return sample

        def done(sample, outcome):
            nonlocal wrong
            wrong += outcome.status != 0
            for line in outcome.err.splitlines():
                if outcome.status == 0 or not line.startswith("nakfield: "):
                    (errors if outcome.status else warnings)[self._place(sample, line)] = None
            if outcome.status == 0:
                self._name(sample, outcome.out)
            elif not outcome.err.strip():
                errors[
                    f"the check of a sample ended with status {outcome.status}: "
                    + " ".join(sample.settings)
                ] = None
            elif not errors:
                errors.update(dict.fromkeys(outcome.err.splitlines()))

        self._carry_out(self.workers[: len(samples)], next_job, done)
        self._warn([line for line in warnings if line not in self.warned])
        if errors:
            rest = f"\n{len(queue)} of {len(samples)} samples were not checked" if queue else ""
            raise InputError("\n".join(sorted(errors, key=_line)) + rest)

    def _warn(self, lines):
        """Print what is new, as long as it is not too much."""
        room = max(WARNED - len(self.warned), 0)
        for line in lines[:room]:
            print(line, file=sys.stderr)
        if len(lines) > room > 0:
            print("nakfield: further warnings are not shown", file=sys.stderr)
        self.warned.update(lines)

    @staticmethod
    def _place(sample, line):
        """A message with the place of the user's file instead of that on the command line."""
        match = COMMAND_LINE.match(line)
        if not match or int(match[1]) > len(sample.overrides):
            return line
        return f"{sample.overrides[int(match[1]) - 1][2]}: {line[match.end():]}"

    def _name(self, sample, text):
        """The sample's name: a hash of all that its result follows from."""
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        sample.resolved = DIRECTORY.sub(r"output:\n\1", "\n".join(lines) + "\n")
        named = {value for _, value in VALUE.findall(sample.resolved)}
        named |= {
            line.partition(": ")[2] for line in text.splitlines() if line.startswith("# material: ")
        }
        files = sorted(
            path
            for path in (os.path.join(os.path.dirname(sample.deck), name) for name in named)
            if os.path.isfile(path)
        )
        digest = hashlib.sha256()
        for part in (self.identity, str(self.ranks), sample.resolved, *map(self._hash, files)):
            digest.update(part.encode() + b"\0")
        sample.name = digest.hexdigest()

    def _hash(self, path):
        if path not in self.hashes:
            self.hashes[path] = _file_hash(path)
        return self.hashes[path]

    # ---- Runs ----

    def run(self, samples, progress=lambda done, failed: None, look=lambda sample: None):
        """Compute what is not there yet; other processes may do so in the same folder.  `look` is
        called with each sample that was computed here."""
        by_name = {sample.name: sample for sample in samples}
        there = self.store.done()
        for name in there & set(by_name):
            self._compare(by_name[name])
        self.failed = 0
        pending = collections.deque(name for name in by_name if name not in there)
        others, again, looked = [], collections.deque(), time.monotonic()
        finished = len(by_name) - len(pending)

        def next_job():
            nonlocal looked, finished
            if again:
                return again.popleft()
            while pending:
                name = pending.popleft()
                if self.store.claim(name):
                    return self._begin(by_name[name])
                others.append(name)
            if not others and finished == len(by_name):
                raise StopIteration
            if others and time.monotonic() >= looked + POLL:
                looked = time.monotonic()
                now = self.store.done()
                pending.extend(name for name in others if name not in now)
                finished += sum(name in now for name in others)
                others.clear()
            return None

        def done(sample, outcome):
            nonlocal finished
            if self._done(sample, outcome):
                finished += 1
                look(sample)
            else:
                again.append(self._begin(sample))

        def tick():
            self.store.renew()
            progress(finished, self.failed)

        processes = (
            self.workers
            if self.ranks == 1
            else [Ranks(self.program, self.ranks) for _ in range(max(self.jobs // self.ranks, 1))]
        )
        if pending:
            self._carry_out(processes[: len(pending)], next_job, done, tick)
        progress(finished, self.failed)

    @staticmethod
    def _carry_out(processes, *functions):
        try:
            carry_out(processes, *functions)
        except OSError as error:
            raise OutputError(str(error)) from None

    def _compare(self, sample):
        """What is stored under a name must be of the same deck."""
        path = self.store.sample(sample.name) / "resolved.yaml"
        if (
            path.is_file()
            and DIRECTORY.sub(r"output:\n\1", path.read_text("utf-8")) != sample.resolved
        ):
            raise InputError(
                f"{path} is not the deck of the sample that it is named for: remove "
                f"{path.parent}"
            )

    def _begin(self, sample):
        place = sample.place = self.store.begin(sample.name)
        sample.restart = (place / "checkpoint").is_dir()
        what = (
            ["--restart", str(place)]
            if sample.restart
            else [sample.deck, *sample.settings, f"output.directory={place}", "--replace"]
        )
        sample.words = ["run", *what, "--light", "--quiet"]
        return sample

    def _done(self, sample, outcome):
        """Put a sample where it belongs; False where it is to be computed once more."""
        status, place = outcome.status, sample.place
        if status == STOPPED:
            raise Stopped
        if status == OUTPUT and sample.restart:  # its former process may still write
            shutil.rmtree(place, ignore_errors=True)
            return False
        if status == OUTPUT:
            raise OutputError(outcome.err.strip() or "a sample could not be written")
        sample.tries += 1
        if status not in (0, 2, 3) and sample.tries < TRIES:
            return False
        place.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(place / "checkpoint", ignore_errors=True)
        settings = {key: value for key, value, _ in sample.overrides}
        (place / "overrides.yaml").write_text(
            "".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items()),
            encoding="utf-8",
        )
        if status == 0:
            for needless in ("log.txt", "original.yaml"):  # thousands of times the same deck
                (place / needless).unlink(missing_ok=True)
        else:
            self.failed += 1
            (place / "error.txt").write_text(
                f"exit status {status}\n{outcome.err}", encoding="utf-8"
            )
        self.store.finish(sample.name, place)
        return True
