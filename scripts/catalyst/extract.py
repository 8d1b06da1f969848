# script-version: 2.0
"""Numbers instead of pictures: needs no display.

Each time it runs (`insitu: {script: extract.py, every: 10 s}`) it writes
  totals.csv            a row: the time, integrals over the face and over the regions of the cell [SI]
  contact_line_*.csv    points of the line where half of the face is in contact
  face_*.vtpd           the fields of the face
"""
import csv
import os
import pathlib
import sys

from paraview import simple

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import nakview  # noqa: E402

REGIONS = ("electrolyte", "interphase", "alloy")

given = nakview.arguments()
grid, face = nakview.channel("grid"), nakview.channel("face")


integrals = {"face": simple.IntegrateVariables(registrationName="over the face", Input=face)}
for number, word in enumerate(REGIONS):
    integrals[word] = simple.IntegrateVariables(registrationName=f"over {word}", 
                                                Input=nakview.cells_where(word, grid, "region", number, number))

line = nakview.contour("contact line", face, "contact", 0.5)
table = simple.CreateExtractor("CSV", line, registrationName="contact_line.csv")
table.Writer.Precision = 12
table.Writer.FileName = "contact_line_{timestep:06d}.csv"
nakview.pieces(face, "face")
options = nakview.catalyst_options(given)
rows = []


def totals():
    """Names and values of all integrals; complete on rank 0 only."""
    for place, source in integrals.items():
        data = source.GetClientSideObject().GetOutputDataObject(0).GetCellData()
        for k in range(data.GetNumberOfArrays()):
            array = data.GetArray(k)
            if array.GetNumberOfTuples() == 1 and array.GetName() != "region":
                yield f"{place}.{array.GetName()}", array.GetValue(0)


def catalyst_execute(info):
    """Integrate, and append a row to totals.csv."""
    for source in integrals.values():
        source.UpdatePipeline(info.time)
    if nakview.WORLD.GetLocalProcessId() != 0:
        return
    row = {"time_s": info.time, **dict(totals())}
    with open(os.path.join(nakview.folder(), "totals.csv"), "a" if rows else "w", newline="",
              encoding="utf-8") as file:
        if not rows:
            rows.extend(row)
            csv.writer(file).writerow(rows)
        csv.writer(file).writerow([repr(row.get(name, 0.0)) for name in rows])
