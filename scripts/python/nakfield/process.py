"""Runs of the program: many in one process, or one on several ranks; carried out side by side."""
import os
import selectors
import subprocess
import tempfile

LINES = 500  # that one process carries out before a fresh one takes its place
LAUNCHERS = (
    "PMIX_",
    "PMI_",
    "PRTE_",
    "SLURM_",
    "OMPI_COMM_",
    "OMPI_APP_",
    "OMPI_UNIVERSE_",
    "OMPI_MCA_ess_",
    "OMPI_MCA_orte_",
    "OMPI_FIRST_",
    "OMPI_ARGV",
    "OMPI_COMMAND",
    "OMPI_NUM_",
    "OMPI_FILE_",
    "HYDRA_",
    "MPI_LOCAL",
)


class Outcome:
    """Exit status (negative for a signal, as in subprocess) and texts of one line."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err


def environment():
    """Without what a launcher left there, which would make a process part of another's job."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(LAUNCHERS)}
    return {**kept, "OMP_NUM_THREADS": "1", "OMPI_MCA_ess_singleton_isolated": "1"}


def launch(ranks):
    """What starts a run on some ranks, and its environment.  Within Slurm it is a step of its own,
    on the node of this process if it fits there; of its own step it inherits nothing."""
    here = os.environ
    if "SLURM_JOB_ID" not in here:
        return ["mpirun", "-n", str(ranks)], environment()
    place = []
    if "SLURMD_NODENAME" in here and ranks <= int(here.get("SLURM_CPUS_ON_NODE", "0")):
        place = ["-N", "1", "-w", here["SLURMD_NODENAME"]]
    mpi = here.get("NAK_SRUN_MPI", "pmix")
    settings = environment()
    for name in ("SLURM_JOB_ID", "SLURM_CONF"):
        if name in here:
            settings[name] = here[name]
    return ["srun", f"--mpi={mpi}", "--exact", *place, "-n", str(ranks)], settings


class _Process:
    """What both kinds have: a process whose standard output is read, and a file of its errors."""

    def __init__(self, program):
        self.program, self.process, self.job = program, None, None
        self.errors, self.out = tempfile.TemporaryFile(), b""

    def fileno(self):
        return self.process.stdout.fileno()

    def _take_errors(self):
        self.errors.seek(0)
        text = self.errors.read().decode("utf-8", "replace")
        self.errors.seek(0)
        self.errors.truncate()
        return text

    def _outcome(self, status, out):
        return Outcome(status, out.decode("utf-8", "replace"), self._take_errors())

    def _end(self):
        status = self.process.wait()
        self.process.stdout.close()
        self.process = None
        return status

    def stop(self):
        """Ask for an end with a checkpoint."""
        if self.process is not None:
            self.process.terminate()

    def close(self):
        """Wait for the end; an idle worker ends where there is nothing more to read."""
        if self.process is not None:
            if self.process.stdin is not None:
                self.process.stdin.close()
            self._end()


class Worker(_Process):
    """One process for many lines; a fresh one after any error."""

    def __init__(self, program):
        super().__init__(program)
        self.lines = 0

    def start(self, words):
        if self.process is None:
            self.process = subprocess.Popen(
                [self.program, "worker"],
                stdin=subprocess.PIPE,
                bufsize=0,
                stdout=subprocess.PIPE,
                stderr=self.errors,
                env=environment(),
            )
            self.lines = 0
        self.out = b""
        self.lines += 1
        try:
            self.process.stdin.write(b"".join(os.fsencode(w) + b"\0" for w in (*words, "")))
        except OSError:
            pass  # it has died, which its output shows

    def read(self):
        """What there is to read; an Outcome at the line's end."""
        piece = os.read(self.fileno(), 1 << 16)
        self.out += piece
        if not piece:
            status = self._end() or 1
            return self._outcome(status, self.out)
        text, found, status = self.out.rpartition(b"\0")
        if not found or not status.endswith(b"\n"):
            return None
        outcome = self._outcome(int(status), text)
        if outcome.status != 0 or self.lines >= LINES:
            self.close()
        return outcome


class Ranks(_Process):
    """A process group for each line."""

    def __init__(self, program, ranks):
        super().__init__(program)
        self.ranks = ranks

    def start(self, words):
        launcher, settings = launch(self.ranks)
        self.out = b""
        self.process = subprocess.Popen(
            [*launcher, self.program, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=settings,
        )

    def read(self):
        piece = os.read(self.fileno(), 1 << 16)
        self.out += piece
        return None if piece else self._outcome(self._end(), self.out)


def carry_out(processes, next_job, done, tick=lambda: None):
    """Give jobs to processes until there is none; after an error, all have ended.

    `next_job()` is a job with the member `words`, None where there is none at the moment, or raises
    StopIteration; `done(job, outcome)` may raise; `tick()` is called about once a second.
    """
    selector, idle, over = selectors.DefaultSelector(), list(processes), not processes
    try:
        while True:
            while idle and not over:
                try:
                    job = next_job()
                except StopIteration:
                    over = True
                    break
                if job is None:
                    break
                process = idle.pop()
                process.job = job
                process.start(job.words)
                selector.register(process.fileno(), selectors.EVENT_READ, process)
            if over and len(idle) == len(processes):
                return
            tick()
            for key, _ in selector.select(timeout=1):
                process = key.data
                outcome = process.read()
                if outcome is None:
                    continue
                selector.unregister(key.fd)
                idle.append(process)
                done(process.job, outcome)
    except BaseException:
        for process in processes:
            process.stop()
        for process in processes:
            process.close()
        raise
    finally:
        selector.close()
