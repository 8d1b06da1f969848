# script-version: 2.0
# nakfield: vtk
"""Integrals over the arrays that the shipped scripts draw, as a table."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "scripts" / "catalyst"))
import nakdata  # noqa: E402

options = nakdata.options(nakdata.arguments())
grid, face = nakdata.Channel("grid"), nakdata.Channel("face")
table = nakdata.Table("drawn.csv")


def catalyst_execute(info):
    moment = nakdata.moment(face.data(info), grid.data(info))
    if moment is not None:
        from nakfield.moment import figures
        table.add(info, figures(moment))
