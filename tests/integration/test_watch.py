#!/usr/bin/env python3
"""nakfield watch beside a run, after it, and where files are damaged or missing; file systems
without locks, and that fill up, by the library poor_disk, the argument."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nakrun  # noqa: E402

POOR_DISK = sys.argv.pop(1) if len(sys.argv) > 1 and sys.argv[1].endswith(".so") else None
SLOW = ("protocol=[{strip: 0.1 mA/cm^2, for: 1 h}]", "solver.longest_step=2 ms", "--quiet")
DECK = "grid: {nx: 4}\nprotocol:\n  - {strip: 0.1 mA/cm^2, for: 2 s}\n  - {rest: 1 s}\n"


class Folder(unittest.TestCase):
    def setUp(self):
        self.place = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.place)
        (self.place / "deck.yaml").write_text(DECK)

    def start(self, *words, **settings):
        """A run that takes long, once its table has a row."""
        process = subprocess.Popen([nakrun.program(), "run", "deck.yaml", "output.directory=run", *SLOW, *words],
                                   cwd=self.place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env={**nakrun.environment(), **settings})
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        until = time.time() + 60
        while not (self.place / "run" / "timeseries.csv").is_file():
            self.assertLess(time.time(), until)
            time.sleep(0.05)
        return process

    def call(self, *words, status=nakrun.DONE, message=None, **settings):
        done = subprocess.run([nakrun.program(), *words], cwd=self.place, capture_output=True, text=True, timeout=100,
                              env={**nakrun.environment(), **settings}, check=False)
        return nakrun.Output(words, done).demand(status, message)

    def watch(self, *words, **keywords):
        return self.call("watch", *words, **keywords).out


class Watch(Folder):
    def test_beside_a_run_and_after_a_kill(self):
        process = self.start(SLURM_JOB_ID="4711")
        time.sleep(4)
        text = self.watch("run")
        self.assertRegex(text, rf"^run: running: process {process.pid} on \S+, job 4711, last sign of life \d s ago\n")
        found = re.search(r"at (\S+) s of at most 3600 s, (\d+) time steps", text)
        rate = re.search(r"rate: (\S+) s a minute; about (\S+) (s|min|h|days) to go", text)
        self.assertTrue(found and rate, text)
        done, a_minute = float(found[1]), float(rate[1])
        to_go = float(rate[2]) * {"s": 1, "min": 60, "h": 3600, "days": 86400}[rate[3]]
        self.assertLess(abs(to_go * a_minute / 60 / (3600 - done) - 1), 0.02)
        self.assertRegex(text, r"last row: step 0, cycle 0, 0.1 mA/cm\^2, 0\.\d+ V")
        self.assertRegex(text, r"output: \S+ [kM]B in \d+ files; room for \S+ \wB on the disk")
        self.assertRegex(text, r"last frame: fields/000000.h5, \d+ s ago")
        process.kill()
        process.wait()
        self.assertRegex(self.watch("run"), r"^run: killed: .* is gone, .*nakfield run --restart run continues it\n")

    def test_signs_of_another_machine(self):
        self.start().kill()
        owner, progress = self.place / "run" / "owner.json", self.place / "run" / "progress.json"
        owner.write_text('{"host": "elsewhere", "pid": 5, "job": "77"}')
        self.assertIn("run: running: process 5 on elsewhere, job 77", self.watch("run"))
        old = json.loads(progress.read_text())
        progress.write_text(json.dumps({**old, "written": old["written"] - 7200}))
        self.assertRegex(self.watch("run"), r"^run: silent: .* last sign of life \S+ h ago: it is in one long step, hangs,")

    def test_after_the_end(self):
        self.call("run", "deck.yaml", "output.directory=run", "--quiet")
        names = sorted(path.name for path in (self.place / "run").iterdir())
        self.assertFalse({"owner.json", "progress.json"} & set(names))
        text = self.watch("run", "--events", "1")
        self.assertRegex(text, r"^run: completed: all steps are done\n  at 3 s\n")
        self.assertIn("log: completed: all steps are done\n", text)
        self.assertEqual(text.count("log: "), 1)
        self.assertNotIn("rate", text)
        self.assertEqual(sorted(path.name for path in (self.place / "run").iterdir()), names)

    def test_several_until_they_end(self):
        self.call("run", "deck.yaml", "output.directory=one", "--quiet")
        process = self.start("--walltime=6s")
        text = self.watch("one", "run", "--every", "1")
        self.assertEqual(process.wait(timeout=10), 0)
        self.assertGreater(text.count("run: running"), 1)
        self.assertEqual(text.count("run: interrupted: the wall time is up"), 1)
        self.assertEqual(text.count("one: completed"), text.count("run: "))

    def test_damaged_and_missing(self):
        self.call("run", "deck.yaml", "output.directory=run", "--quiet")
        run = self.place / "run"
        self.call("watch", "nowhere", "run", status=nakrun.INPUT, message="there is no directory nowhere")
        (self.place / "empty").mkdir()
        self.call("watch", "empty", status=nakrun.INPUT, message="empty is not a run directory: it has neither log.txt nor")
        for name, data, message in (
                ("summary.json", b'{"status": "comp', "note: summary.json cannot be read: "),
                ("summary.json", b"[1, 2]", "note: summary.json is damaged: it holds no object"),
                ("progress.json", b"\xff\xfe\x00", "note: progress.json cannot be read: "),
                ("progress.json", b'{"time": "x", "left": null, "written": true}', "run: completed"),
                ("timeseries.csv", b"time_s,voltage_V\n1,2,3\n", "note: timeseries.csv is damaged: its last row has 3 of 2"),
                ("timeseries.csv", b"time_s,voltage_V\n1,2\n3", "at 1 s"),
                ("timeseries.csv", b"", "run: completed"),
                ("log.txt", None, "note: log.txt cannot be read: No such file")):
            with self.subTest(name=name, data=data):
                shutil.copytree(run, self.place / "kept")
                if data is None:
                    (run / name).unlink()
                else:
                    (run / name).write_bytes(data)
                self.assertIn(message, self.watch("run"))
                shutil.rmtree(run)
                (self.place / "kept").rename(run)
        (run / "summary.json").unlink()
        self.assertIn("run: broken: it has no summary.json, and no process writes to it", self.watch("run"))
        self.call("watch", "run", "--events", "-1", status=nakrun.INPUT, message="--events takes a number from 0 on")

    def test_a_run_without_an_end_by_time(self):
        process = self.start("protocol=[{strip: 0.1 mA/cm^2, until: voltage > 1 V}]")
        time.sleep(2)
        text = self.watch("run")
        process.kill()
        self.assertRegex(text, r"at \S+ s, \d+ time steps")
        self.assertNotIn("to go", text)


@unittest.skipIf(POOR_DISK is None, "no library that stands for a poor disk")
class PoorDisk(Folder):
    def test_without_locks_an_owner_takes_their_place(self):
        poor = {"LD_PRELOAD": POOR_DISK, "POOR_DISK": "locks"}
        process = self.start(**poor)
        begin = ("run", "deck.yaml", "output.directory=run", "--replace", "--quiet")
        self.call(*begin, **poor, status=nakrun.OUTPUT,
                  message=rf"another nakfield is writing to run: process {process.pid} on .*owner.json, as there are no locks")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 5)
        err = process.stderr.read()
        self.assertEqual(err.count("warning: the file system of run has no locks: run/owner.json takes their place"), 1, err)
        self.assertFalse((self.place / "run" / "owner.json").exists())
        self.call(*begin, **poor)

    def test_who_may_take_over(self):
        poor = {"LD_PRELOAD": POOR_DISK, "POOR_DISK": "locks"}
        process = self.start(**poor)
        process.kill()
        process.wait()
        owner, begin = self.place / "run" / "owner.json", ("run", "deck.yaml", "output.directory=run", "--replace", "--quiet")
        self.assertEqual(json.loads(owner.read_text()), {"host": socket.gethostname(), "pid": process.pid, "job": ""})
        self.call(*begin, **poor)  # it is gone
        for text, settings, status in (('{"host": "else",\n"pid": 1,\n"job": ""}\n', {}, nakrun.OUTPUT),
                                       ('{"host": "else",\n"pid": 1,\n"job": "7"}\n', {"SLURM_JOB_ID": "8"}, nakrun.OUTPUT),
                                       ('{"host": "else",\n"pid": 1,\n"job": "7"}\n', {"SLURM_JOB_ID": "7"}, nakrun.DONE),
                                       ('{"host": "el', {}, nakrun.DONE), ("", {}, nakrun.DONE)):
            with self.subTest(text=text, **settings):
                owner.write_text(text)
                self.call(*begin, **poor, **settings, status=status)
        owner.write_text('{"host": "else",\n"pid": 1,\n"job": ""}\n')
        self.call(*begin)  # where there are locks, they count

    def test_locks_of_nfs_are_locks(self):
        poor = {"LD_PRELOAD": POOR_DISK, "POOR_DISK": "nfs"}
        process = self.start(**poor)
        owner, begin = self.place / "run" / "owner.json", ("run", "deck.yaml", "output.directory=run", "--replace", "--quiet")
        owner.write_text('{"host": "else",\n"pid": 1,\n"job": ""}\n')
        self.call(*begin, **poor, status=nakrun.OUTPUT, message="another nakfield is writing to run: wait for it")
        process.kill()
        self.assertNotIn("has no locks", process.communicate()[1])
        self.call(*begin, **poor)
        self.call("run", "deck.yaml", "output.directory=run", **poor, status=nakrun.OUTPUT, message="holds a run already")
        self.assertFalse(owner.exists())

    def test_a_disk_that_fills_warns_early(self):
        process = self.start(LD_PRELOAD=POOR_DISK, POOR_DISK="filling")
        until = time.time() + 18
        log = self.place / "run" / "log.txt"
        while "is filling" not in log.read_text() and time.time() < until:
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        err = process.stderr.read()
        self.assertEqual(err.count("warning: the disk or quota of run is filling: "), 1, err)
        left = re.search(r"(\S+) MB are left, enough for about (\S+) min, and the run takes (\S+) min more", err)
        self.assertGreater(float(left[1]), 200)
        self.assertLess(float(left[2]), float(left[3]))
        self.assertIn("is filling", self.watch("run"))


if __name__ == "__main__":
    unittest.main()
