"""The folder of a study: who computes which sample, and what is there already.

    samples/<name>/        a finished sample; <name> is a hash of all that its result follows from
    claims/<name>          a link to the file of the process that computes it
    work/<name>.<nonce>/   a sample that is being computed

Processes on one or many machines share the folder without a server.  What is read back from a claim
decides who has it, as network file systems lose replies.  Computing a sample twice is harmless: the
first folder that is renamed to its place stays.
"""
import os
import pathlib
import shutil
import socket
import time
import uuid

STALE = 120  # s without renewal after which a claim is another's to take
RENEW = 30  # s


def link(text, path):
    """Have `path` hold `text`, unless it is there already; what it holds."""
    path = pathlib.Path(path)
    mine = path.with_name(f".{uuid.uuid4().hex}")
    with open(mine, "w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(mine, path)
    except FileExistsError:
        pass
    finally:
        mine.unlink()
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def _started(pid):
    """When a process of this machine started, in ticks; None for one that is not there."""
    try:
        return (
            pathlib.Path(f"/proc/{pid}/stat")
            .read_text(encoding="ascii")
            .rpartition(")")[2]
            .split()[19]
        )
    except (OSError, IndexError):
        return None


class Store:
    """A study's folder, as one process sees it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        for name in ("samples", "claims", "work"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.nonce = uuid.uuid4().hex[:16]
        self.me = f"{socket.gethostname()} {os.getpid()} {_started(os.getpid())} {self.nonce}\n"
        self.owner = self.folder / "claims" / f".{self.nonce}"
        self.owner.write_text(self.me, encoding="utf-8")
        self.renewed = time.monotonic()
        self.held = set()

    def close(self):
        """Give all claims back."""
        for name in list(self.held):
            self.release(name)
        self.owner.unlink(missing_ok=True)

    # ---- What is there ----

    def sample(self, name):
        return self.folder / "samples" / name

    def done(self):
        """Names of the finished samples."""
        return set(os.listdir(self.folder / "samples"))

    def write(self, name, text):
        """A file of the study, whole or as it was."""
        mine = self.folder / f"{name}.{self.nonce}"
        mine.write_text(text, encoding="utf-8")
        mine.replace(self.folder / name)

    # ---- Claims ----

    def renew(self):
        """All claims of this process are links to one file: its time is theirs."""
        if time.monotonic() >= self.renewed + RENEW:
            os.utime(self.owner)
            self.renewed = time.monotonic()

    def claim(self, name):
        """Whether this process is to compute the sample."""
        if not self._take(name):
            return False
        if self.sample(name).exists():  # another has finished it meanwhile
            self.release(name)
            return False
        return True

    def release(self, name):
        path = self.folder / "claims" / name
        if self._read(path) == self.me:
            path.unlink(missing_ok=True)
        self.held.discard(name)

    def _take(self, name):
        path = self.folder / "claims" / name
        for _ in range(2):
            try:
                os.link(self.owner, path)
            except OSError as error:
                if not isinstance(error, FileExistsError) and not path.exists():
                    raise
            holder = self._read(path)
            if holder == self.me:
                self.held.add(name)
                return True
            if holder is None or not self._stale(path, holder) or not self._remove(path, holder):
                return False
        return False

    @staticmethod
    def _read(path):
        try:
            return path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def _stale(self, path, holder):
        host, pid, started, _ = (holder.split() + [""] * 4)[:4]
        if host == socket.gethostname():
            return _started(pid) != started
        try:
            os.utime(self.owner)  # the server's clock is on both files
            return self.owner.stat().st_mtime > path.stat().st_mtime + STALE
        except FileNotFoundError:
            return False

    def _remove(self, path, holder):
        """Take a stale claim away; one that another process has renewed by then goes back."""
        aside = path.with_name(f".{uuid.uuid4().hex}")
        try:
            os.rename(path, aside)
        except FileNotFoundError:
            return True
        stale = self._read(aside) == holder
        if not stale:
            try:
                os.link(aside, path)
            except FileExistsError:
                pass
        aside.unlink()
        return stale

    # ---- Folders ----

    def begin(self, name):
        """A folder to compute the sample in; its former owner's, where that has a checkpoint."""
        place = self.folder / "work" / f"{name}.{self.nonce}"
        for old in (self.folder / "work").glob(f"{name}.*"):
            if old == place:
                continue
            if (old / "checkpoint").is_dir() and not place.exists():
                old.rename(place)
            else:
                shutil.rmtree(old, ignore_errors=True)
        return place

    def finish(self, name, place):
        """The folder is complete: put it where it belongs."""
        try:
            os.rename(place, self.sample(name))
        except OSError:
            if not self.sample(name).is_dir():
                raise
            shutil.rmtree(place, ignore_errors=True)
        self.release(name)

    def sweep(self):
        """What killed processes left, once nothing is to be done any more."""
        for path in (self.folder / "claims").iterdir():
            holder = self._read(path)
            if holder is not None and self._stale(path, holder):
                path.unlink(missing_ok=True)
