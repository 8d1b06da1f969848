#!/usr/bin/env python3
"""A run under a real Slurm, one that this script sets up on this machine.  The batch template's job
is stopped by SIGUSR1 and queued again until the run is done, to the bits of an uninterrupted one.
One that is cancelled leaves a checkpoint.  Tasks that MPI does not join are refused.  As root, with
Debian's packages slurmctld, slurmd, slurm-client, slurm-wlm-basic-plugins and munge; where they are
missing it is skipped (exit status 77).  Usage: slurm.py [strangers | cancelled | again ...], by
default all three."""
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
SlurmdPort={ports[1]}
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd.pid
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool
MpiDefault=pmix
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP OverSubscribe=FORCE:4
"""


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Slurm:
    """Daemons of a cluster of one node, all that they write in a folder of their own."""

    def __init__(self, place):
        place.mkdir()
        for name in ("state", "spool"):
            (place / name).mkdir()
        munge = pwd.getpwnam("munge")
        key = place / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        for path in (key, place):
            os.chown(path, munge.pw_uid, munge.pw_gid)
        place.parent.chmod(0o755)
        place.chmod(0o755)
        os.environ["SLURM_CONF"] = str(place / "slurm.conf")
        (place / "slurm.conf").write_text(CONFIGURATION.format(
            host=socket.gethostname().split(".")[0], place=place, ports=free_ports(2), cpus=os.cpu_count()))
        files = [f"--{what}={place}/munge.{what.split('-', maxsplit=1)[0]}" for what in
                 ("socket", "key-file", "pid-file", "log-file", "seed-file")]
        self.daemons = [self.start(["munged", "--foreground", *files], user="munge")]
        time.sleep(1)
        self.daemons += [self.start(["slurmctld", "-D"]), self.start(["slurmd", "-D"])]
        until(lambda: "idle" in say("sinfo", "--noheader"), 30, "the node is not idle")

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


def main():
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        print(f"skipped: no {', '.join(missing) or 'rights of root'}")
        return 77
    began, failures, times = time.time(), [], 0
    parts = sys.argv[1:] or ["strangers", "cancelled", "again"]
    with torture.Folder(columns=(*torture.COLUMNS, *SLOW)) as folder, Slurm(folder.path / "slurm"):
        (folder.path / "build" / "release").mkdir(parents=True)
        (folder.path / "build" / "release" / "nakfield").symlink_to(nakrun.program())
        if "strangers" in parts:
            strangers(folder, failures)
        if "cancelled" in parts:
            cancelled(folder, failures)
        if "again" in parts:
            folder.new("whole", ranks=2, timeout=1800).demand(nakrun.DONE)
            times = stopped_and_queued_again(folder, failures)
    return torture.report(f"{', '.join(parts)}: strangers are refused; a job of 2 ranks was stopped and queued again {times} "
                          "times, then the same bit for bit; one cancelled leaves a checkpoint", failures, began)


if __name__ == "__main__":
    sys.exit(main())
