"""State of ParaView: a run of the alloy's phases: liquid, grains, voids; and the composition.  How to open it:
state.py.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import state  # noqa: E402
from state import nakview  # noqa: E402

import phases  # noqa: E402

run = state.Run()
run.finish(phases.draw(run.open("fields.xmf"), nakview.view(phases.SIZE)))
