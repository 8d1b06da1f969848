#!/usr/bin/env python3
"""A run under a real Slurm, one that this script sets up on this machine.  The batch template's
job is stopped by SIGUSR1 and queued again until the run is done, to the bits of an
uninterrupted one.  One that is cancelled leaves a checkpoint.  Tasks that MPI does not join are
refused.  A study shares its samples between two nodes and the jobs of an array, also with two
ranks a sample.  As root, with Debian's packages slurmctld, slurmd, slurm-client, slurm-wlm-
basic-plugins and munge; where they are missing it is skipped (exit status 77).  Usage: slurm.py
[strangers | cancelled | again | study ...], by default all of them."""
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import torture
from torture import nakrun

TEMPLATE = Path(__file__).resolve().parents[2] / "scripts" / "slurm" / "nakfield.sbatch"
NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scancel", "scontrol")
# Long enough to be stopped several times: Slurm looks at its jobs' time every half minute.
SLOW = ("grid.nx=32", "solver.tolerance=1e-7", "protocol.1.pulses.count=12", "checkpoint.steps=20")
CONFIGURATION = """
ClusterName=torture
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={place}/munge.socket
SlurmctldPort={ports[0]}
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd-%n.pid
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool-%n
MpiDefault=pmix
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
{nodes}
PartitionName=all Nodes=ALL Default=YES State=UP OverSubscribe=FORCE:4
"""


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


STUDY = """deck: {deck}
output: {output}
vary:
  interphase.exponent: {{from: 2, to: 2.7, count: {count}}}
  interphase.diffusion_time: [3 s, 30 s]
collect: {{highest: max voltage}}
"""
SHORT = """protocol: [{strip: 0.1 mA/cm^2, for: 2 s}]
grid: {nx: 4, width: 40 um}
"""


class Slurm:
    """Daemons of a cluster, all that they write in a folder of their own.  Its nodes are all this
    machine."""

    def __init__(self, place, nodes=1):
        place.mkdir()
        (place / "state").mkdir()
        munge = pwd.getpwnam("munge")
        key = place / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        for path in (key, place):
            os.chown(path, munge.pw_uid, munge.pw_gid)
        place.parent.chmod(0o755)
        place.chmod(0o755)
        os.environ["SLURM_CONF"] = str(place / "slurm.conf")
        host, ports = socket.gethostname().split(".")[0], free_ports(nodes + 1)
        lines = [f"NodeName=node{k} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={os.cpu_count()}"
                 for k, port in enumerate(ports[1:])]
        (place / "slurm.conf").write_text(CONFIGURATION.format(host=host, place=place, ports=ports,
                                                               nodes="\n".join(lines)))
        files = [f"--{what}={place}/munge.{what.split('-', maxsplit=1)[0]}" for what in
                 ("socket", "key-file", "pid-file", "log-file", "seed-file")]
        self.daemons = [self.start(["munged", "--foreground", *files], user="munge")]
        time.sleep(1)
        self.daemons += [self.start(["slurmctld", "-D"]),
                         *(self.start(["slurmd", "-D", "-N", f"node{k}"]) for k in range(nodes))]
        until(lambda: say("sinfo", "--noheader", "--format=%T %D").strip() == f"idle {nodes}", 60,
              "not all nodes are idle")

    @staticmethod
    def start(command, user=None):
        return subprocess.Popen(command, user=user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for daemon in reversed(self.daemons):
            daemon.terminate()
            daemon.wait()


def say(*command, folder=None):
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder).stdout


def until(true, seconds, why):
    end = time.time() + seconds
    while not true():
        assert time.time() < end, why
        time.sleep(0.5)


def submit(folder, name, *options):
    """Number of the job of the template with the deck of `folder`, and the directory of its run."""
    deck = folder.path / f"{name}.yaml"
    shutil.copy(folder.deck, deck)
    job = say("sbatch", "--parsable", "--ntasks-per-node=2", *options, TEMPLATE, deck, *folder.columns,
              folder=folder.path).strip()
    return job, folder.path / "runs" / f"{name}-{job}"


def state(job):
    """PENDING, RUNNING, COMPLETED, ...; Slurm lets a job that is queued again wait for two minutes,
    which is cut short, but not to the second of its end: slurmd would refuse it as already
    killed."""
    shown = dict(word.split("=", 1) for word in say("scontrol", "show", "job", job).split() if "=" in word)
    if shown["JobState"] == "PENDING" and shown["Reason"] == "BeginTime":
        time.sleep(5)
        subprocess.run(["scontrol", "update", f"JobId={job}", "StartTime=now"], check=False, capture_output=True)
    return shown["JobState"]


def stopped_and_queued_again(folder, failures):
    """How often."""
    job, place = submit(folder, "again", "--time=1", "--signal=B:USR1@50")
    until(lambda: state(job) not in ("PENDING", "RUNNING", "REQUEUED", "COMPLETING"), 1800, f"job {job} does not end")
    if state(job) != "COMPLETED":
        failures.append(f"job {job} is {state(job)}")
        return 0
    failures += torture.differences(place, torture.fingerprint(folder.path / "whole")) + torture.strays(place)
    times = (folder.path / f"nakfield-{job}.out").read_text().count("interrupted: SIGUSR1")
    if times == 0:
        failures.append("it was never stopped")
    return times


def cancelled(folder, failures):
    job, place = submit(folder, "cancelled")
    until(lambda: (place / "timeseries.csv").exists(), 120, f"job {job} does not begin")
    time.sleep(3)
    say("scancel", job)
    until(lambda: state(job) == "CANCELLED" and (place / "summary.json").exists(), 60, f"job {job} is not cancelled")
    summary = json.loads((place / "summary.json").read_text())
    if (summary["status"], summary["end"]) != ("interrupted", "SIGTERM") or not torture.checkpoints(place):
        failures.append(f"cancelled, and {summary['status']}: {summary['end']}")


def strangers(folder, failures):
    """Tasks that do not know each other are refused, by nakfield or by Open MPI 4 itself; those
    that do are not, nor is a single one within a job of two tasks."""
    deck, place = ("protocol=[{rest: 1 s}]", "grid.nx=4"), folder.path / "strangers"
    for kind, good, message in (("none", False, "srun started 2 processes, .*srun --mpi=pmix|direct launched using .srun."),
                                ("pmix", True, "2 ranks on 1 node")):
        done = subprocess.run(["srun", f"--mpi={kind}", "-n", "2", nakrun.program(), "run", folder.deck, *deck,
                               f"output.directory={place}"], capture_output=True, text=True, check=False)
        if (done.returncode == 0) != good or not re.search(message, done.stderr, re.DOTALL) or place.exists() != good:
            failures.append(f"srun --mpi={kind}: {done.returncode}: {done.stderr[-1500:]}")
    done = subprocess.run(["salloc", "--quiet", "-n", "2", nakrun.program(), "run", folder.deck, *deck, "--quiet", "--replace",
                           f"output.directory={place}"], capture_output=True, text=True, check=False)
    if done.returncode != nakrun.DONE:
        failures.append(f"a single run in a job of two tasks: {done.returncode}: {done.stderr[-300:]}")


def study(folder, failures):
    """On two nodes, as an array, and with two ranks a sample, each a step within the job."""
    template = TEMPLATE.with_name("study.sbatch")
    (folder.path / "short.yaml").write_text(SHORT)
    results = {}
    for name, count, ranks, options in (("alone", 20, 1, None), ("nodes", 20, 1, ["--nodes=2"]),
                                        ("array", 20, 1, ["--nodes=1", "--array=1-3"]),
                                        ("ranks", 2, 2, ["--nodes=2"])):
        path, out = folder.path / f"{name}.yaml", folder.path / name
        path.write_text(STUDY.format(deck="short.yaml", output=name, count=count) + f"ranks: {ranks}\n")
        if options is None:
            say(nakrun.program(), "study", path, folder=folder.path)
        else:
            cores = f"--cpus-per-task={os.cpu_count()}"
            say("sbatch", "--wait", *options, cores, "--time=10", template, path, folder=folder.path)
        lines = (out / "results.csv").read_text().splitlines()
        results[name] = [[*line.split(",")[:3], *line.split(",")[4:]] for line in lines]  # not the wall's time
        kept = [path for part in ("claims", "work") for path in (out / part).iterdir()]
        if len(lines) != 2 * count + 1 or sum(",completed," in line for line in lines) != 2 * count or kept:
            failures.append(f"study {name}: {len(lines) - 1} results, {len(kept)} files left")
    for name in ("nodes", "array"):
        if results[name] != results["alone"]:
            failures.append(f"study {name}: other results than without Slurm")
    for place in (folder.path / "ranks" / "samples").iterdir():
        if json.loads((place / "summary.json").read_text())["ranks"] != 2:
            failures.append(f"{place}: not on two ranks")


def main():
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        print(f"skipped: no {', '.join(missing) or 'rights of root'}")
        return 77
    began, failures, said = time.time(), [], []
    parts = sys.argv[1:] or ["strangers", "cancelled", "again", "study"]
    with torture.Folder(columns=(*torture.COLUMNS, *SLOW)) as folder:
        (folder.path / "build" / "release").mkdir(parents=True)
        (folder.path / "build" / "release" / "nakfield").symlink_to(nakrun.program())
        with Slurm(folder.path / "slurm"):
            if "strangers" in parts:
                strangers(folder, failures)
                said.append("strangers are refused")
            if "cancelled" in parts:
                cancelled(folder, failures)
                said.append("a job that is cancelled leaves a checkpoint")
            if "again" in parts:
                folder.new("whole", ranks=2, timeout=1800).demand(nakrun.DONE)
                times = stopped_and_queued_again(folder, failures)
                said.append(f"a job of 2 ranks was stopped and queued again {times} times, then the same bit for bit")
        if "study" in parts:
            with Slurm(folder.path / "two", nodes=2):
                study(folder, failures)
            said.append("studies on two nodes, as an array and with two ranks a sample are whole")
    return torture.report("; ".join(said), failures, began)


if __name__ == "__main__":
    sys.exit(main())
