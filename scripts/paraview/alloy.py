"""State of ParaView: a run of the alloy's phases on a box: liquid, grains, voids; and the
composition.  How to open it: state.py.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import state  # noqa: E402
from state import nakview  # noqa: E402

sys.path.insert(0, str(pathlib.Path(nakview.__file__).parent))  # before this folder's own phases.py
from phases import draw  # noqa: E402

folder, *picture = state.words() or ["."]
run = state.Run(folder)
state.show([[(run.body(lambda grid: draw(grid, nakview.view("1600x800")), "fields.xmf"), 1)]], *picture)
