#!/usr/bin/env python3
"""How a run is started: processes that do not know each other are refused, placement is reported,
and a dry run says what many ranks would have and take."""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nakrun  # noqa: E402

DECK = "grid: {nx: 8}\nprotocol:\n  - {rest: 1 s}\n"
CELL = nakrun.DECKS / "tutorial" / "stripping_3d.yaml"


class Launch(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = Path(place.name)
        (self.place / "deck.yaml").write_text(DECK)

    def start(self, *arguments, **settings):
        """One process without a launcher, in an environment that has something of one."""
        done = subprocess.run([nakrun.program(), *arguments], cwd=self.place, capture_output=True, text=True, timeout=100,
                              env={**nakrun.environment(), **settings}, check=False)
        return nakrun.Output(arguments, done)

    def test_many_single_processes_are_refused(self):
        for name in ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"):
            for command in ("run", "impedance"):
                with self.subTest(name=name, command=command):
                    self.start(command, "deck.yaml", **{name: "4"}).demand(
                        nakrun.INPUT, rf"started 4 processes, .*srun --mpi=pmix .*env -u {name} nakfield")
                    self.assertFalse((self.place / "runs").exists())

    def test_single_ones_are_not(self):
        settings = ({"SLURM_NTASKS": "4"},  # of a job, in its batch script
                    {"SLURM_STEP_NUM_TASKS": "4", "OMPI_COMM_WORLD_SIZE": "1"}, {"PMI_SIZE": "1"})
        for some in settings:
            self.start("run", "deck.yaml", "--replace", "--quiet", **some).demand(nakrun.DONE)
        self.start("check", "deck.yaml", PMI_SIZE="4").demand(nakrun.DONE)

    def test_a_studys_runs_are_single(self):
        (self.place / "study.yaml").write_text("deck: deck.yaml\noutput: out\nvary: {cell.area: [1 cm^2, 2 cm^2]}\n"
                                               "collect: {end: voltage at end}\n")
        self.start("study", "study.yaml", "-j", "1", SLURM_STEP_NUM_TASKS="2", PMI_SIZE="2").demand(nakrun.DONE)

    def test_placement(self):
        done = nakrun.call("run", "deck.yaml", "output.directory=run", ranks=2, folder=self.place).demand(nakrun.DONE)
        cores = len(os.sched_getaffinity(0))
        line = f"2 ranks on 1 node, 2 on {cores} core{'s' * (cores > 1)} of a node; about 4 columns and 1 thread a rank; 1 writer\n"
        self.assertIn(line, done.err)
        self.assertIn(line, (self.place / "run" / "log.txt").read_text())
        done = nakrun.call("run", "deck.yaml", "output.directory=one", ranks=0, folder=self.place).demand(nakrun.DONE)
        self.assertNotIn("thread", done.err)
        self.assertIn("1 rank on 1 node", (self.place / "one" / "log.txt").read_text())

    def numbers(self, *options):
        out = nakrun.call("run", CELL, "--dry-run", *options, ranks=0).demand(nakrun.DONE).out
        found = re.search(r"# on (\d+) ranks, of which (\d+) compute: about (\S+) columns and (\S+) MB a rank, .*; "
                          r"(\S+) MB more on a writer of files; roughly (\S+) s a time step", out)
        return found and [float(word) for word in found.groups()]

    def test_dry_run_on_many_ranks(self):
        """576 columns."""
        self.assertIsNone(self.numbers())
        few, many, most = (self.numbers("--ranks", n) for n in ("2", "16", "601"))
        self.assertEqual([few[:3], many[:3], most[:3]], [[2, 2, 288], [16, 16, 36], [601, 576, 1]])
        self.assertAlmostEqual(few[3] / many[3], 8, 1)
        self.assertEqual(few[4], many[4])
        self.assertLess(many[5], few[5])
        self.assertGreater(many[5], few[5] / 8)  # messages are waited for
        for words, message in ((["--ranks", "4"], "this is for --dry-run: '--ranks'"),
                               (["--dry-run", "--ranks", "0"], "a number of ranks is like 64, not '0'"),
                               (["--dry-run", "--ranks=4x"], "not '4x'"), (["--dry-run", "--ranks"], "a value must follow")):
            nakrun.call("run", CELL, *words, ranks=0).demand(nakrun.INPUT, message)


FAKES = {  # what Slurm's commands do for these tests; jobs are carried out as they are submitted
    "srun": 'echo "srun $1 on $SLURM_JOB_ID" >> "$CALLS"; while [[ $1 == --* ]]; do shift; done; exec "$@"\n',
    "scancel": 'trap "" USR1; echo "scancel $*" >> "$CALLS"; pkill -USR1 -P "$(cat "$PARENT")"\n',
    "scontrol": 'echo "scontrol $*" >> "$CALLS"\n',
    "sbatch": ('echo "sbatch $*" >> "$CALLS"; while [[ $1 == --* ]]; do shift; done\n'
               'export SLURM_JOB_ID=$((100 + $(grep -c ^sbatch "$CALLS"))) SLURM_SUBMIT_DIR=$PWD\n'
               'bash "$@" >> jobs.out 2>&1 || echo "job failed $?" >> "$CALLS"; echo "$SLURM_JOB_ID;cluster"\n'),
}
SLURM = nakrun.TOP / "scripts" / "slurm"


class Batch(unittest.TestCase):
    """The batch files with commands that stand for Slurm's; tests/torture/slurm.py has a real one.
    """

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = Path(place.name)
        (self.place / "deck.yaml").write_text(DECK)
        (self.place / "bin").mkdir()
        for name, text in FAKES.items():
            (self.place / "bin" / name).write_text("#!/bin/bash\n" + text)
            (self.place / "bin" / name).chmod(0o755)
        self.settings = {**nakrun.environment(), "PATH": f"{self.place}/bin:{os.environ['PATH']}",
                         "CALLS": str(self.place / "calls"), "NAKFIELD": nakrun.program()}

    def call(self, *command, status=0, **settings):
        done = subprocess.run(command, cwd=self.place, capture_output=True, text=True, timeout=100, check=False,
                              env={**self.settings, **settings})
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def calls(self):
        return (self.place / "calls").read_text()

    def test_a_job_that_is_stopped_is_queued_again(self):
        slow = "protocol=[{rest: 1 h}]", "solver.longest_step=1 ms"
        job = subprocess.Popen(["bash", SLURM / "nakfield.sbatch", "deck.yaml", *slow], cwd=self.place,
                               env={**self.settings, "SLURM_JOB_ID": "7", "SLURM_SUBMIT_DIR": str(self.place),
                                    "PARENT": str(self.place / "pid")},
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (self.place / "pid").write_text(str(job.pid))
        table = self.place / "runs" / "deck-7" / "timeseries.csv"
        until = time.time() + 60
        while not table.is_file() and time.time() < until:
            time.sleep(0.1)
        job.send_signal(signal.SIGUSR1)
        self.assertEqual(job.wait(timeout=60), 0)
        self.assertIn("scancel --signal=USR1 7\nscontrol requeue 7\n", self.calls())
        self.assertIn("srun --mpi=pmix on 7\n", self.calls())

    def test_a_chain_goes_on_with_one_run(self):
        """The first job is stopped by its own wall time."""
        text = (SLURM / "nakfield.sbatch").read_text()
        batch = self.place / "short.sbatch"
        batch.write_text(text.replace('run "${arguments[@]}"',
                                      'run $([ "$SLURM_JOB_ID" = 101 ] && echo --walltime 0.001s) "${arguments[@]}"'))
        done = self.call(SLURM / "chain", "3", "--nodes=2", "--", "deck.yaml", "grid.nx=4", NAK_BATCH=str(batch))
        jobs = re.fullmatch(r"job 101\njob 102\njob 103\nrun (runs/deck-\S+)\n", done.stdout)
        self.assertTrue(jobs, done.stdout)
        text = (self.place / "jobs.out").read_text()
        self.assertEqual([text.count(word) for word in ("interrupted: ", "completed: ", "is complete")], [1, 1, 1])
        self.assertIn("completed: ", (self.place / jobs[1] / "log.txt").read_text())
        calls = self.calls()
        self.assertEqual(re.findall(r"--dependency=(\S+)", calls), ["afterany:101", "afterany:102"])
        self.assertEqual(calls.count("sbatch --parsable --no-requeue --nodes=2"), 3)
        self.assertNotIn("requeue 1", calls)
        self.assertNotIn("failed", calls)

    def test_a_chain_ends_where_the_solver_gives_up(self):
        self.call(SLURM / "chain", "2", "--", nakrun.TOP / "benchmarks" / "pfhub" / "bm1a.yaml", "box.nx=32", "box.ny=32",
                  "time.first_step=10", "time.shortest_step=9")
        self.assertEqual(re.findall("job failed (.)", self.calls()), ["3", "1"])
        self.assertEqual(self.calls().count("srun"), 1)
        self.assertIn("an earlier job of this chain failed", (self.place / "jobs.out").read_text())

    def test_sbatch_reads_all_its_lines(self):
        """It reads none after the first command."""
        for batch in SLURM.glob("*.sbatch"):
            lines = batch.read_text().splitlines()
            command = next(k for k, line in enumerate(lines) if line and not line.startswith("#"))
            self.assertTrue(any("--signal=" in line for line in lines[:command]), batch)
            self.assertFalse([line for line in lines[command:] if line.startswith("#SBATCH")], batch)

    def test_usage(self):
        for words in ((), ("0", "--", "deck.yaml"), ("2", "deck.yaml"), ("2", "--")):
            self.assertIn("usage: scripts/slurm/chain COUNT", self.call(SLURM / "chain", *words, status=2).stderr)


if __name__ == "__main__":
    unittest.main()
