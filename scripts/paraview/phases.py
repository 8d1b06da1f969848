"""State of ParaView: the phases in a cell.  Voids as glass, grains of solid K and Na, Na metal and
filaments over the pellet; beside them the plane where the cell begins to fail.  How to open it:
state.py.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import state  # noqa: E402
from state import nakview  # noqa: E402

from volume import draw as draw_body  # noqa: E402

folder, *picture = state.words() or ["."]
run = state.Run(folder)
views = [(run.sheet("section"), 0.55)]
if not run.flat:
    views.insert(0, (run.body(lambda grid, face: draw_body(grid, face, nakview.view("720x800"), run.thickness),
                              "fields.xmf", "face.xmf"), 0.45))
state.show([views], *picture)
