#!/usr/bin/env python3
"""Check that every module includes lower modules only, and that the picture of the layers is up to
date.

Usage: check_layers.py [--picture] [ROOT].  One line per offence; exit status 1 if there is one.
--picture draws docs/images/layers.svg.
"""
import re
import sys
from pathlib import Path

LAYERS = {  # from the lowest, with what they are
    "base": "errors, random numbers, lengths of steps",
    "units store": "quantities; whole files",
    "deck measured": "what users write",
    "thermo state checkpoint wetting": "alloys; who owns which unknown",
    "kinetics phase_diagram phasefield voids columns": "laws at a point; solvers that know no cell",
    "bdf": "backward differentiation for columns",
    "microstructure": "phases of the alloy",
    "model pfhub": "the physics of a cell; of PFHub's models",
    "protocol impedance": "what the cycler does; spectra",
    "stepper": "integrators, events, jumps",
    "diagnostics output progress insitu": "observers: they see numbers and frames only",
    "sim": "the main loop; kinds of runs",
    "app": "the command line",
}
LEVEL = {m: i for i, row in enumerate(LAYERS) for m in row.split()}

# Observers see records and frames, never the physics that made them.
BLIND = {"diagnostics", "output", "progress", "insitu"}
UNSEEN = {"model", "columns", "bdf", "kinetics", "voids", "thermo", "stepper", "impedance", "phasefield", "pfhub",
          "microstructure", "wetting"}

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


def picture():
    """The layers as SVG, the highest on top."""
    wide, high, words, gap = 112, 28, 20, 8
    width, height = 5 * (wide + gap) + gap, (high + words + gap) * len(LAYERS) + gap
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
             f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">',
             f'<rect width="{width}" height="{height}" fill="white"/>']
    for row, (modules, what) in enumerate(reversed(LAYERS.items())):
        y = gap + row * (high + words + gap)
        for column, module in enumerate(modules.split()):
            x, fill = gap + column * (wide + gap), "#fbe8c8" if module in BLIND else "#d8e6f3"
            parts += [f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" rx="4" fill="{fill}" stroke="#556"/>',
                      f'<text x="{x + wide / 2:g}" y="{y + 19}" text-anchor="middle">{module}</text>']
        parts.append(f'<text x="{gap}" y="{y + high + 15}" fill="#444">{what}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def main():
    given = [word for word in sys.argv[1:] if word != "--picture"]
    root = Path(given[0] if given else Path(__file__).parent.parent)
    found, drawn = list(offences(root)), root / "docs" / "images" / "layers.svg"
    if "--picture" in sys.argv:
        drawn.write_text(picture(), encoding="utf-8")
    elif not drawn.exists() or drawn.read_text(encoding="utf-8") != picture():
        found.append(f"{drawn.relative_to(root)} is stale: run scripts/check_layers.py --picture")
    print("\n".join(found) if found else "every include points downwards")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
