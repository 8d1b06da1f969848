# script-version: 2.0
# nakfield: vtk, face
"""The electrolyte's face from above, as maps: current over its mean where there is contact, Na in
the interphase, K film, deposit, filaments, and voids or the potential.  Of a 2D run curves over x,
and the current over x and time, which are those of the run's map.csv (`output.map`).

With `insitu: {script: interface.py, every: 10 s}`; options: size (1200x800), range, as in
`range: u_face=0:1,deposit=0:5` (in the picture's units; else the range of each moment).  Drawn by
matplotlib on the first rank: no display, no more of ParaView than VTK.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import nakdata  # noqa: E402

given = nakdata.arguments(size="1200x800", range="")
options = nakdata.options(given)
face, course = nakdata.Channel("face"), nakdata.Course()


def catalyst_execute(info):
    """Called at each moment."""
    moment = nakdata.moment(face.data(info))
    if moment is None:
        return
    from nakfield import panels
    past = course.until(info.time) if moment.flat else None
    figure = panels.figure_of(panels.pixels(given.size))
    panels.draw_face(figure, moment, past, panels.ranges_of(given.range))
    panels.save(figure, f"{nakdata.folder()}/interface_{info.timestep:06d}.png", info.time)
