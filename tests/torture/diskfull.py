#!/usr/bin/env python3
"""Fill a small file system at different moments: exit status 4, no half a file, the checkpoints
before as they were, and a restart to what the uninterrupted run wrote once there is room.

Needs the right to mount a tmpfs; without it a skip (exit status 77), not a pass.
"""
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torture
from torture import nakrun

KEEP = 4 << 20  # the program leaves this much to others


class Disk:
    """A file system of so many bytes."""

    def __init__(self, size):
        self.path = Path(tempfile.mkdtemp(prefix="disk-"))
        self.mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self.path],
                                      capture_output=True, check=False).returncode == 0

    def grow(self):
        subprocess.run(["mount", "-o", "remount,size=200m", self.path], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.mounted:
            subprocess.run(["umount", "-l", self.path], check=True)
        shutil.rmtree(self.path, ignore_errors=True)


def case(folder, size, ranks, reference):
    with Disk(size) as disk:
        place = disk.path / "run"
        columns = torture.COLUMNS if ranks > 1 else ()
        output = nakrun.call("run", folder.deck, f"output.directory={place}", *columns, "--quiet",
                             "checkpoint.steps=10", ranks=ranks if ranks > 1 else 0, timeout=60)
        name, wrong = f"{size} bytes on {ranks}", []
        if output.status != nakrun.OUTPUT or "cannot" not in output.err:
            wrong.append(f"{name}: status {output.status}: {output.err[-300:]}")
        wrong += [f"{name}: stray {stray}" for stray in torture.strays(place)]
        disk.grow()
        again = nakrun.call("run", "--restart", place, "--quiet", "--replace", ranks=ranks if ranks > 1 else 0)
        if "damaged" in again.err:
            wrong.append(f"{name}: {again.err}")
        if again.status == 0:
            wrong += [f"{name}: restart: {what}" for what in torture.differences(place, reference)]
        elif (place / "resolved.yaml").exists():
            wrong.append(f"{name}: restart: {again.status} {again.err[-300:]}")
        return wrong


def main():
    given = torture.arguments(8, __doc__)
    with Disk(1 << 20) as disk:
        if not disk.mounted:
            print("skipped: a file system cannot be mounted here")
            return 77
    began, failures = time.time(), []
    with torture.Folder(given.keep) as folder:
        folder.new("whole", "checkpoint.steps=10", ranks=given.ranks).demand(nakrun.DONE)
        whole = sum(path.stat().st_blocks * 512 for path in (folder.path / "whole").rglob("*"))
        reference = torture.fingerprint(folder.path / "whole")
        for k in range(given.count):
            size = 4096 * ((KEEP + int(whole * (k + 0.5) / given.count * 0.9)) // 4096)
            failures += case(folder, size if k % 4 else max(size - KEEP, 4096), given.ranks, reference)
    return torture.report(f"{given.count} disks full on {given.ranks} ranks, exit status 4, and as if nothing had "
                          "happened once there was room", failures, began)


if __name__ == "__main__":
    sys.exit(main())
