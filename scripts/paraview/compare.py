"""State of ParaView: two runs of a cell one above the other, each frame the nearest to the same
time.

  NAKFIELD_RUN=runs/one:runs/other paraview --state=scripts/paraview/compare.py
  pvpython scripts/paraview/compare.py runs/one runs/other picture.png
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import state  # noqa: E402
from state import nakview  # noqa: E402

from volume import draw as draw_body  # noqa: E402


def row(run):
    """Body and face of a run, or its section and curves."""
    if run.flat:
        return [(run.sheet("section"), 1), (run.sheet("face"), 1)]
    body = run.body(lambda grid, face: draw_body(grid, face, nakview.view("600x600"), run.thickness),
                    "fields.xmf", "face.xmf")
    return [(body, 0.45), (run.sheet("face"), 0.55)]


one, other, *picture = state.words()
state.SIZE = (1200, 1200)
state.show([row(state.Run(folder)) for folder in (one, other)], *picture)
