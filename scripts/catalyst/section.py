# script-version: 2.0
# nakfield: vtk
"""The plane where a failure begins: the alloy with its voids, solids and Na metal, and the pellet
with its filaments or its potential. Beside it the worst column on scales of its own for alloy,
interphase and pellet.

With `insitu: {script: section.py, every: 10 s}`; options: size (1200x800).  Drawn by matplotlib on
the first rank: no display, no more of ParaView than VTK.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import nakdata  # noqa: E402

given = nakdata.arguments(size="1200x800")
options = nakdata.options(given)
grid, face = nakdata.Channel("grid"), nakdata.Channel("face")


def catalyst_execute(info):
    """Called at each moment."""
    moment = nakdata.moment(face.data(info), grid.data(info))
    if moment is None:
        return
    from nakfield import panels
    figure = panels.figure_of(panels.pixels(given.size))
    panels.draw_section(figure, moment)
    panels.save(figure, f"{nakdata.folder()}/section_{info.timestep:06d}.png", info.time)
