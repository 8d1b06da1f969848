#!/usr/bin/env python3
"""Damage the newest checkpoint by a flipped bit or a missing end: it is reported, and the one
before it leads to what the uninterrupted run wrote."""
import random
import shutil
import sys
import time

import torture
from torture import nakrun


def damage(path, kind):
    """Damage a file; in words."""
    data = bytearray(path.read_bytes())
    if kind == "cut":
        size = random.randrange(len(data))
        path.write_bytes(data[:size])
        return f"cut to {size} of {len(data)} bytes"
    at, bit = random.randrange(len(data)), random.randrange(8)
    data[at] ^= 1 << bit
    path.write_bytes(data)
    return f"bit {bit} of byte {at}"


def main():
    given = torture.arguments(20, __doc__)
    random.seed(given.seed)
    began, failures = time.time(), []
    with torture.Folder(given.keep) as folder:
        folder.new("whole", "checkpoint.steps=25", ranks=given.ranks).demand(nakrun.DONE)
        reference = torture.fingerprint(folder.path / "whole")
        for case in range(given.count):
            place = folder.path / "run"
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(folder.path / "whole", place)
            (place / "summary.json").unlink()
            newest = torture.checkpoints(place)[-1]
            what = damage(newest, "cut" if case % 3 == 0 else "flip")
            output = folder.again("run", ranks=given.ranks)
            if output.status != 0 or "is damaged" not in output.err or "the previous one is used" not in output.err:
                failures.append(f"{what}: {output.status} {output.err}")
            elif torture.differences(place, reference):
                failures.append(f"{what}: {torture.differences(place, reference)}")
    return torture.report(f"{given.count} checkpoints damaged, all found and the one before taken", failures,
                          began)


if __name__ == "__main__":
    sys.exit(main())
