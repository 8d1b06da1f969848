# script-version: 2.0
"""The phases of the alloy on a box: liquid, grains of solid, voids; beside them the composition.

With `insitu: {script: phases.py, every: 0.05 s}` in a deck of `model: alloy`; options: size (1200x600),
live.  A 2D run is drawn as it is; of a 3D run the surfaces of the bodies, and the middle in y.
"""
import pathlib
import sys

from paraview import simple

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import nakdata  # noqa: E402
import nakview  # noqa: E402

SIZE = "1200x600"
GAP = 0.15  # between the two drawings, over the width of one
# Light to dark, so that paper tells them apart; the grains of solid K are shades of one map of colours.
BODIES = {"liquid": ("liquid", [0.86, 0.92, 0.97]), "solid_b": ("solid K, by grain", None),
          "solid_a": ("solid Na", [0.9, 0.6, 0.0]), "void": ("void", [0.15, 0.15, 0.15])}


def paint(picture, body, source, placed, grain):
    """Show a body in its colour."""
    if BODIES[body][1] is not None:
        nakview.one_colour(simple.Show(placed, picture.view), BODIES[body][1])
        return
    grain.paint(placed, picture.view)
    picture.follow(grain, source)


def draw(grid, view):
    """Draw a box in a view."""
    (left, right), (front, back), (bottom, top) = nakview.bounds(grid)
    width, depth, height = right - left, back - front, top - bottom
    flat = depth < 0.1 * width
    shift = [(1 + GAP) * width, 0, 0]
    there = [body for body in BODIES if nakview.first_of(grid, body)
             and (body in ("liquid", "solid_b") or nakview.value_range(grid, f"phi_{body}")[1] > 0)]
    picture = nakview.Picture(view, f"box {1e6 * width:.4g} um wide")
    grain = nakview.Colours("grain", "Cividis")
    for body in there:
        if not flat and body == "liquid":
            continue  # it is what the others lie in
        half = (nakview.cells_where(f"cells of {body}", grid, body, 0.5, 2) if flat
                else nakview.contour(f"surface of {body}", grid, body, 0.5))
        paint(picture, body, grid, half, grain)
    content = nakview.Colours("x", "Viridis (matplotlib)")
    middle = nakview.cut("middle", grid, [0.5 * (left + right), 0.5 * (front + back)], flat)
    content.paint(nakview.moved("composition", middle, [1, 1, 1], shift), view)
    picture.follow(content, grid)
    for k in range(2):
        nakview.outline([(left + k * shift[0], right + k * shift[0]), (front, back), (bottom, top)], view)
    content.bar(view, "Na, mole fraction", [0.9, 0.3], 0.4)
    for k, body in enumerate(there):
        text, colour = BODIES[body]
        nakview.write_in(view, text, [0.02 + 0.2 * k, 0.075], 14, colour and [0.7 * part for part in colour])
    centre = [left + 0.5 * (shift[0] + width) + 0.12 * width, 0.5 * (front + back), 0.5 * (bottom + top)]
    ratio = view.ViewSize[0] / view.ViewSize[1]
    if flat:
        nakview.look_from(view, [0, -1, 0], [0, 0, 1], centre, max(0.66 * height, 1.28 * width / ratio))
    else:
        nakview.look_from(view, [0.35, -0.85, 0.4], [0, 0, 1], centre, max(0.9 * height, 1.5 * width / ratio))
    return picture


if nakview.IN_SITU:  # not where a state of ParaView draws with it
    given = nakdata.arguments(size=SIZE)
    channel = nakview.channel("grid")
    options, catalyst_execute = draw(channel, nakview.view(given.size)).in_situ("phases", given, channel)
