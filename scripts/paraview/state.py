"""What the states of this folder share: a run directory as ParaView's sources, drawn by scripts/catalyst.

A state is opened with the run in the environment,
  NAKFIELD_RUN=runs/voids_2d paraview --state=scripts/paraview/cell.py
or makes a picture of the last frame, without a window of its own:
  pvpython scripts/paraview/cell.py runs/voids_2d picture.png
"""
import csv
import os
import pathlib
import sys

from paraview import simple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "catalyst"))
import nakview  # noqa: E402

LOOKED_AT = 24  # frames whose extremes the colours span


class Run:
    """A run directory, and the frames in it."""

    def __init__(self):
        words = [word for word in sys.argv[1:] if not word.startswith("-")]
        self.folder = pathlib.Path(os.environ.get("NAKFIELD_RUN") or (words or ["."])[0])
        self.picture = words[1] if len(words) > 1 else None
        self.times = []

    def open(self, name):
        """The frames of fields.xmf or face.xmf."""
        path = self.folder / name
        if not path.is_file():
            raise SystemExit(f"there is no {path}: give the run directory, or NAKFIELD_RUN=RUNDIR")
        reader = simple.XDMFReader(registrationName=name, FileNames=[str(path)])
        self.times = list(reader.TimestepValues)
        reader.UpdatePipeline(self.times[0])
        return reader

    def headlines(self):
        """What the run's table says of each frame."""
        table = next(path for path in (self.folder / "timeseries.csv", self.folder / "phases.csv",
                                       self.folder / "free_energy.csv") if path.is_file())
        with open(table, newline="", encoding="utf-8") as file:
            rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
        key = next(iter(rows[0]))  # the time
        return [nakview.headline(min(rows, key=lambda row, time=time: abs(row[key] - time))) for time in self.times]

    def finish(self, *pictures):
        """Colours that span the run, headlines that follow it, the views side by side, the last frame."""
        step = max(1, len(self.times) // LOOKED_AT)
        for time in [*self.times[::step], self.times[-1]]:
            for picture in pictures:
                for colour, source in picture.followed:
                    source.UpdatePipeline(time)
                    colour.follow(source)
        layout = simple.CreateLayout(name="nakfield")
        for picture in pictures:
            picture.in_state(self.times, self.headlines())
            simple.AssignViewToLayout(view=picture.view, layout=layout, hint=0)
        scene = simple.GetAnimationScene()
        scene.UpdateAnimationUsingDataTimeSteps()
        scene.GoToLast()
        if self.picture:
            sizes = [picture.view.ViewSize for picture in pictures]
            layout.SetSize(sum(width for width, _ in sizes), max(height for _, height in sizes))
            simple.SaveScreenshot(self.picture, layout)
