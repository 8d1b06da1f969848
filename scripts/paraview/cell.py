"""State of ParaView: a run of a cell.  Left the body: current over its mean on the face, voids,
solids, Na metal, filaments, and the column where it begins to fail; right maps of the face.  A run
in 2D: a section, and curves over x.  How to open it: state.py.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import state  # noqa: E402
from state import nakview  # noqa: E402

from volume import draw as draw_body  # noqa: E402

folder, *picture = state.words() or ["."]
run = state.Run(folder)
if run.flat:
    views = [(run.sheet("section"), 1), (run.sheet("face"), 1)]
else:
    body = run.body(lambda grid, face: draw_body(grid, face, nakview.view("608x800"), run.thickness),
                    "fields.xmf", "face.xmf")
    views = [(body, 0.38), (run.sheet("column"), 0.18), (run.sheet("face"), 0.44)]
state.show([views], *picture)
