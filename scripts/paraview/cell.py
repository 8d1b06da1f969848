"""State of ParaView: a run of a cell.  Left the body: potential, current on the face, Na in the alloy, voids;
right the face: current, contact, K film, voids or interphase.  How to open it: state.py.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import state  # noqa: E402
from state import nakview  # noqa: E402

import interface  # noqa: E402
import volume  # noqa: E402

run = state.Run()
grid, face = run.open("fields.xmf"), run.open("face.xmf")
body = volume.draw(grid, face, nakview.view("900x700"))
run.finish(body, interface.draw(face, nakview.view("900x700")))
