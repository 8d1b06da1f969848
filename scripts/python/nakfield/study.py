"""nakfield study: a deck run many times, with entries that vary; see docs/studies.md."""
import argparse
import csv
import io
import json
import math
import os
import pathlib
import re
import shutil
import signal
import sys
import tempfile
import time

from .page import page
from .plan import DRAWN, Plan
from .run import ReadError, Run
from .runner import OutputError, Runner, Sample, Stopped
from .statistics import analyse, changes
from .store import Store, link
from .text import NUMBER, InputError, entries, parse_yaml

SHOWN = 20  # samples that a dry run prints


class Deck:
    """What a deck says of its entries, as the program resolves it; asked where it is needed."""

    def __init__(self, runner):
        self.runner, self.study, self.tree = runner, None, None

    def entries(self):
        """Keys with dots, and texts."""
        if self.tree is None:
            self.tree = parse_yaml(
                self.runner.ask("run", self.study.deck, "--dry-run"), self.study.deck
            )
        return entries(self.tree)

    def number(self, key):
        """Number and unit of an entry, or None."""
        match = NUMBER.match(dict(self.entries()).get(key, ""))
        return (float(match[1]), match[2]) if match else None

    def seeds(self):
        """Entries that are seeds."""
        return [key for key, _ in self.entries() if key.split(".")[-1].split("_")[-1] == "seed"]


def read_study(path, runner):
    """The file of a study, whole."""
    deck = Deck(runner)
    study = Plan(path, deck.number)
    deck.study = study
    study.read()
    study.seed_keys = deck.seeds() if study.seeds else []
    return study


def samples_of(study, rows):
    """A Sample for each row of values."""
    fixed = [(key, value, f"{study.path}:{line}") for key, (value, line) in study.fixed.items()]
    samples = []
    for row in rows:
        own = [
            (axis.key, value, f"{study.path}:{axis.line}") for axis, value in zip(study.axes, row)
        ]
        if study.seeds:
            line = study.file.lines["seeds"]
            own += [(key, row[-1], f"{study.path}:{line}") for key in study.seed_keys]
        samples.append(Sample(study.deck, fixed + own))
    return samples


# ---- The files of a study ----


def table(rows):
    """Rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def blocks(study, folder, more):
    """Numbers of draws that came later, and of this call."""
    per_draw = len(study.points(0, 1)) * max(len(study.seeds), 1) if study.how in DRAWN else 1
    counts = []
    while (folder / f"samples-{len(counts) + 1}.csv").is_file():
        with open(folder / f"samples-{len(counts) + 1}.csv", newline="", encoding="utf-8") as file:
            counts.append((sum(1 for _ in csv.reader(file)) - 1) // per_draw)
    return counts + ([more] if more else [])


def fix(study, runner, samples, rows, more):
    """Write what the study is, or see that it is what is there."""
    folder = study.output
    if link(runner.identity, folder / "program.txt") != runner.identity:
        raise InputError(
            f"{folder} was computed by another build of the program ({folder}/program.txt): "
            "give the study another `output`, or remove that one"
        )
    first = 0
    for k, stop in enumerate(
        [len(study.rows()), *(len(study.rows(more[: n + 1])) for n in range(len(more)))]
    ):
        name = folder / (f"samples-{k}.csv" if k else "samples.csv")
        text = table(
            [
                ["sample", "name", *study.keys],
                *([n, samples[n].name, *rows[n]] for n in range(first, stop)),
            ]
        )
        if link(text, name) != text:
            raise InputError(
                f"{name} is of another study: the deck, a file that it names or {study.path} "
                "has changed; give the study another `output`, or remove that one"
            )
        first = stop


def status_of(folder):
    """How a sample ended, and why."""
    if not folder.is_dir():
        return "missing", ""
    summary = Run(folder).summary
    if summary:
        return summary["status"], summary["end"]
    text = (
        (folder / "error.txt").read_text("utf-8").splitlines()
        if (folder / "error.txt").is_file()
        else []
    )
    return "died", (text[1] if len(text) > 1 else text[0] if text else "")


def collect(study, folder, status):
    """The numbers that the study asks for."""
    numbers = []
    for name, number in study.collect:
        try:
            numbers.append(number.of_run(folder) if status not in ("missing", "died") else math.nan)
        except ValueError as error:
            raise InputError(f"{study.path}:{study.file['collect'][name].line}: {error}") from None
        except ReadError as error:
            print(f"nakfield: {name}: {error}", file=sys.stderr)
            numbers.append(math.nan)
    return numbers


def headings(study):
    """Of the numbers, with their units as in other tables."""
    return [
        name + ("_" + re.sub(r"[/.]", "_", number.unit).replace("^", "") if number.unit else "")
        for name, number in study.collect
    ]


class Collected:
    """How samples ended, and their numbers.  It is called with each sample that ends here: so the
    tables are read while others are computed, and a number that no run has is an error at once."""

    def __init__(self, study, store):
        self.study, self.store, self.kept = study, store, {}

    def __call__(self, sample):
        if sample.name not in self.kept:
            folder = self.store.sample(sample.name)
            status, end = status_of(folder)
            run = Run(folder) if folder.is_dir() else None
            wall = run.summary.get("wall_s", "") if run else ""
            numbers = collect(self.study, run, status)
            texts = ["" if math.isnan(value) else repr(value) for value in numbers]
            self.kept[sample.name] = [status, end, wall], texts
        return self.kept[sample.name]


def write_results(study, store, samples, rows, collected):
    """results.csv from the folders; its lines as lists."""
    lines = [["sample", "status", "end", "wall_s", *study.keys, *headings(study)]]
    for n, (sample, row) in enumerate(zip(samples, rows)):
        about, numbers = collected(sample)
        lines.append([n, *about, *row, *numbers])
    store.write("results.csv", table(lines))
    return lines


# ---- The command ----


class Progress:
    """How far it is, on standard error: on a terminal each second, else after each tenth."""

    def __init__(self, total, quiet):
        self.total, self.quiet, self.first, self.began = total, quiet, None, time.monotonic()
        self.said = -1.0

    def __call__(self, done, failed):
        self.first = done if self.first is None else self.first
        part = done / self.total if sys.stderr.isatty() else math.floor(10 * done / self.total) / 10
        if self.quiet or part == self.said:
            return
        self.said = part
        rate = (done - self.first) / max(time.monotonic() - self.began, 1e-9)
        left = (
            f", {self._span((self.total - done) / rate)} to go"
            if rate > 0 and done < self.total
            else ""
        )
        text = f"{done} of {self.total} samples, {failed} failed{left}"
        print(
            f"\r\x1b[K{text}" if sys.stderr.isatty() else text,
            file=sys.stderr,
            end="" if sys.stderr.isatty() and done < self.total else "\n",
            flush=True,
        )

    @staticmethod
    def _span(seconds):
        for unit, size in (("s", 60), ("min", 60), ("h", 24)):
            if seconds < 2 * size:
                return f"{seconds:.0f} {unit}"
            seconds /= size
        return f"{seconds:.0f} d"


def pilot(study, runner, samples, rows):
    """Print the table, and what all of it will cost, from one sample of it."""
    print(",".join(["sample", *study.keys]))
    for n, row in enumerate(rows[:SHOWN]):
        print(",".join([str(n), *row]))
    if len(rows) > SHOWN:
        print(f"... {len(rows) - SHOWN} more")
    one = samples[len(samples) // 2]
    with tempfile.TemporaryDirectory() as folder:
        runner.store = Store(folder)
        began = time.monotonic()
        runner.run([one])
        spent = time.monotonic() - began
        place = runner.store.sample(one.name)
        size = sum(path.stat().st_size for path in place.rglob("*"))
        collect(study, Run(place), status_of(place)[0])
        wall = Run(place).summary.get("wall_s", spent)
    count = len({sample.name for sample in samples})
    hours = count * wall * study.ranks / 3600
    print(
        f"# {len(samples)} samples, {count} of them different; by sample {len(samples) // 2}, "
        f"which took {wall:.3g} s: {hours:.3g} core-hours, {1e-6 * count * size:.3g} MB"
    )


def retry(study, store, samples):
    """Forget what failed."""
    for sample in samples:
        folder = store.sample(sample.name)
        if folder.is_dir() and status_of(folder)[0] in ("failed", "died"):
            shutil.rmtree(folder)


def carry_out_study(args, runner):
    study = read_study(args.study, runner)
    if args.more and study.how not in DRAWN:
        raise InputError(f"{study.path}: --more is for lhs, sobol and morris, not for {study.how}")
    more = blocks(study, study.output, args.more)
    rows = study.rows(more)
    samples = samples_of(study, rows)
    runner.ranks = study.ranks
    runner.check(samples)
    if args.dry_run:
        return pilot(study, runner, samples, rows)
    study.output.mkdir(parents=True, exist_ok=True)
    fix(study, runner, samples, rows, more)
    shutil.copyfile(study.path, study.output / "study.yaml")
    shutil.copyfile(study.deck, study.output / "original.yaml")
    store = runner.store = Store(study.output)
    try:
        if args.retry:
            retry(study, store, samples)
        collected = Collected(study, store)
        runner.run(samples, Progress(len({s.name for s in samples}), args.quiet), collected)
    finally:
        store.close()
    lines = write_results(study, store, samples, rows, collected)
    found = []
    if study.collect:
        found = analyse(study, sum(more), lines)
        store.write("statistics.csv", table(found))
        if args.page:
            store.write("page.html", page(study, lines, found))
    ends = [line[1] for line in lines[1:]]
    print(
        f"{len(samples)} samples: "
        + ", ".join(f"{ends.count(e)} {e}" for e in sorted(set(ends)))
        + f"; results in {study.output}/results.csv"
        + (f", page in {study.output}/page.html" if args.page and study.collect else "")
    )
    for line in changes(found):
        print(line)


def _stop(number, frame):
    raise Stopped


def catch_signals():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        signal.signal(number, _stop)


def main(argv):
    parser = argparse.ArgumentParser(prog="nakfield study", description=__doc__.partition(";")[0])
    parser.add_argument("study", metavar="STUDY.yaml")
    parser.add_argument(
        "--dry-run", action="store_true", help="check, print the samples and what they cost"
    )
    parser.add_argument(
        "-j", dest="jobs", type=int, default=os.cpu_count(), help="runs side by side"
    )
    parser.add_argument("--retry", choices=["failed"], help="run failed samples again")
    parser.add_argument("--more", type=int, default=0, metavar="N", help="draw N more samples")
    parser.add_argument("--page", action="store_true", help="also draw page.html")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    args = parser.parse_args(argv)
    if args.jobs < 1 or args.more < 0:
        parser.error("-j and --more take numbers above 0")
    catch_signals()
    return run_command(carry_out_study, args)


def run_command(command, args):
    """Exit statuses as the program's."""
    try:
        runner = Runner(os.environ["NAKFIELD"], args.jobs)
        command(args, runner)
        runner.close()
    except (InputError, ReadError) as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of what is printed has left
        raise
    except (OutputError, OSError) as error:
        print(f"nakfield: {error}; what is done is kept: the same command continues", file=sys.stderr)
        return 4
    except Stopped:
        print("nakfield: stopped; the same command continues", file=sys.stderr)
        return 5
    return 0
