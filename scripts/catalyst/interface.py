# script-version: 2.0
# nakfield: vtk, face
"""The electrolyte's face from above, as maps: current over its mean where there is contact, Na in the
interphase, K film, deposit, filaments, and voids or the potential.  Of a 2D run curves over x, and the
current over x and time.

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
face = nakdata.Channel("face")
past = nakdata.Table("current_over_x.csv")  # of a 2D run: voltage, and the current over its mean in each column


def catalyst_execute(info):
    """Called at each moment."""
    moment = nakdata.moment(face.data(info))
    if moment is None:
        return
    from nakfield import panels
    if moment.flat:
        ratio = moment.focusing()[0]
        columns = [f"x{k}" for k in range(len(moment.x) - 1)]
        values = dict(zip(columns, [] if ratio is None else map(float, ratio[0])))
        past.add(info, {"voltage_V": moment.numbers["voltage_V"], **values}, ["voltage_V", *columns])
    figure = panels.figure_of(panels.pixels(given.size))
    panels.draw_face(figure, moment, [(row[1], row[2], row[3:]) for row in past.rows], panels.ranges_of(given.range))
    panels.save(figure, f"{nakdata.folder()}/interface_{info.timestep:06d}.png", info.time)
