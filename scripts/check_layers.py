#!/usr/bin/env python3
"""Check that every module includes lower modules only (the picture is in docs/architecture.md).

Usage: check_layers.py [ROOT].  One line per offence; exit status 1 where there is one.
"""
import re
import sys
from pathlib import Path

LAYERS = """
base
units store
deck measured
thermo state checkpoint wetting
kinetics phases phasefield voids columns
bdf
multiphase
model pfhub
protocol impedance
stepper
diagnostics output progress insitu
sim
app
"""
LEVEL = {m: i for i, row in enumerate(LAYERS.split("\n")) for m in row.split()}

# Observers see records and frames, never the physics that made them.
BLIND = {"diagnostics", "output", "progress", "insitu"}
UNSEEN = {"model", "columns", "bdf", "kinetics", "voids", "thermo", "stepper", "impedance", "phasefield", "pfhub", "multiphase",
          "wetting"}

# Libraries that one source file hides from the rest.
HIDDEN = {"hdf5.h": "store", "udunits2.h": "units", "yaml.h": "deck", "Random123": "base", "openssl": "measured"}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^">]+)[">]', re.MULTILINE)


def module_of(path):
    return path.stem if path.parent.name == "nakfield" else path.parent.name


def offence(module, bracket, header):
    """What is wrong with one include of `module`, or None."""
    if bracket == '"' and ("/" in header):
        return f'"{header}" reaches into another folder'
    used = re.fullmatch(r"nakfield/(\w+)\.h", header)
    if used is None or used[1] == module:
        return None
    if used[1] not in LEVEL:
        return f"nakfield/{used[1]}.h has no layer"
    if LEVEL[used[1]] >= LEVEL[module]:
        return f"'{module}' may not include nakfield/{used[1]}.h, which is not below it"
    if module in BLIND and used[1] in UNSEEN:
        return f"'{module}' is an observer and may not include nakfield/{used[1]}.h"
    return None


def offences(root):
    hidden = {}
    for path in sorted([*root.glob("include/nakfield/*.h"), *root.glob("src/*/*.[ch]")]):
        module, name = module_of(path), path.relative_to(root)
        if module not in LEVEL:
            yield f"{name}: module '{module}' has no layer"
            continue
        for bracket, header in INCLUDE.findall(path.read_text()):
            wrong = offence(module, bracket, header)
            if wrong:
                yield f"{name}: {wrong}"
            library = header.split("/")[0]
            if library in HIDDEN:
                hidden.setdefault(library, []).append((module, name))
    for library, users in hidden.items():
        if len(users) > 1 or users[0][0] != HIDDEN[library]:
            names = ", ".join(str(name) for _, name in users)
            yield f"{library} belongs in one file of '{HIDDEN[library]}', but is included by {names}"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent)
    found = list(offences(root))
    print("\n".join(found) if found else "every include points downwards")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
