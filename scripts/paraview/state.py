"""What the states of this folder share: run directories as ParaView's sources, drawn by
scripts/catalyst.

A state is opened with the run in the environment,
  NAKFIELD_RUN=runs/voids_2d paraview --state=scripts/paraview/cell.py
or makes a picture of the last frame, without a window of its own:
  pvpython scripts/paraview/cell.py runs/voids_2d picture.png      # or pvbatch, on any number of ranks
"""
import os
import pathlib
import sys

from paraview import simple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "catalyst"))
import nakview  # noqa: E402
from nakview import moments, nakfield  # noqa: E402

LOOKED_AT = 24  # frames whose extremes the colours span
SIZE = (1600, 800)  # of a picture


def words():
    """Runs, and the picture where there is to be one: of the environment or the command line."""
    given = [word for word in sys.argv[1:] if not word.startswith("-")]
    if given and given[-1].endswith(".png"):  # whose views have their own shape, unlike those of a window
        nakview.NARROWEST = 1
    return os.environ["NAKFIELD_RUN"].split(os.pathsep) + given if "NAKFIELD_RUN" in os.environ else given


class Run:
    """A run directory, and the frames in it."""

    def __init__(self, folder):
        self.folder, self.times = pathlib.Path(folder).resolve(), []
        if not (self.folder / "fields.xmf").is_file():
            raise SystemExit(f"there is no {folder}/fields.xmf: give the run directory, or NAKFIELD_RUN=RUNDIR")
        self.data = nakfield.Run(self.folder)

    def open(self, name):
        """The frames of fields.xmf or face.xmf."""
        reader = simple.XDMFReader(registrationName=f"{self.folder.name}/{name}", FileNames=[str(self.folder / name)])
        self.times = list(reader.TimestepValues)
        reader.UpdatePipeline(self.times[0])
        return reader

    def body(self, draw, *names):
        """A drawing of the run's meshes in a view, whose colours and headline follow the run."""
        sources = [self.open(name) for name in names]
        picture = draw(*sources)
        step = max(1, len(self.times) // LOOKED_AT)
        picture.look([*self.times[::step], self.times[-1]])
        lines = [nakview.headline(moments.numbers_at(self.data.table, time)) for time in self.times]
        picture.in_state(sources[0], self.times, lines)
        return picture.view

    def sheet(self, name):
        """A drawing by matplotlib, in a view; a source without a picture has the times."""
        if not self.times:
            self.open("fields.xmf")
        return nakview.sheet(name, self.folder)

    @property
    def thickness(self):
        return moments.thickness(self.folder / "resolved.yaml")

    @property
    def flat(self):
        return self.data.frame(0, ()).grid["region"].shape[1] == 1


def show(rows, picture=None):
    """Lay out rows of (view, share of the width), and go to the last frame; with a name, make a
    picture.
    """
    layout = simple.CreateLayout(name="nakfield")
    place = 0
    for k, row in enumerate(rows):
        rest = len(rows) - k
        here = place
        if rest > 1:
            layout.SplitVertical(place, 1 / rest)
            here, place = 2 * place + 1, 2 * place + 2
        for n, (view, share) in enumerate(row):
            if n < len(row) - 1:
                layout.SplitHorizontal(here, share / sum(part for _, part in row[n:]))
                layout.AssignView(2 * here + 1, view)
                here = 2 * here + 2
            else:
                layout.AssignView(here, view)
    scene = simple.GetAnimationScene()
    scene.UpdateAnimationUsingDataTimeSteps()
    scene.GoToLast()
    if picture:
        layout.SetSize(*SIZE)
        simple.SaveScreenshot(picture, layout, ImageResolution=[nakview.FINER * n for n in layout.GetSize()],
                              OverrideColorPalette="WhiteBackground")
        nakview.panels.reduce(picture, nakview.FINER)
