# script-version: 2.0
"""The phases of the alloy on a box: liquid, grains of solid, voids; beside them
the composition in the middle.

With `insitu: {script: phases.py, every: 0.05 s}` in a deck of `model: alloy`; options: size
(1200x600), live.  A 2D run is drawn as it is; of a 3D run the surfaces of the bodies, and the
middle in y.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import nakdata  # noqa: E402
import nakview  # noqa: E402
from nakfield import panels  # noqa: E402

SIZE = "1200x600"
GAP = 0.15  # between the two drawings, over the width of one
GRAINS = 20  # colours of grains, then again
GLASS = [0.62, 0.72, 0.78]
# name: (words, colour or that of the grain, opacity, shine)
BODIES = {"liquid": ("liquid", nakview.rgb(panels.LIQUID), 1, 0),
          "solid_b": ("solid K, by order parameter", None, 1, 0.3),
          "solid_a": ("solid Na", nakview.rgb(panels.NA), 1, 0.3), "void": ("void", GLASS, 0.35, 0.9)}


def draw_bodies(grid, view, picture, flat, near):
    """Each body that there may be in its colour; their names.  Of a flat run each lies nearer to
    the eye.
    """
    there = [body for body in BODIES if nakview.first_of(grid, body)
             and (body in ("liquid", "solid_b") or nakview.value_range(grid, f"phi_{body}")[1] > 0)]
    grain = nakview.Colours("grain", "tab20", (0.5, GRAINS + 0.5))
    for k, body in enumerate(there):
        _, colour, opacity, shine = BODIES[body]
        if flat:
            source = grid if body == "liquid" else nakview.moved(
                f"cells of {body}", nakview.cells_where(f"{body} alone", grid, *(
                    ("grain", 0.5, 1e9) if colour is None else (body, 0.5, 2))), [1, 1, 1], [0, -k * near, 0])
        elif body == "liquid":
            continue  # it is what the others lie in
        else:
            source = nakview.contour(f"surface of {body}", grid, body, 0.5)
        if colour is not None:
            nakview.one_colour(nakview.simple.Show(source, view), colour, 1 if flat else opacity, shine)
        else:
            named = source if flat else nakview.grains(f"grains of {body}", source, grid)
            shown = grain.paint(named, view, "CELLS" if flat else "POINTS")
            if not flat:
                shown.Ambient, shown.Specular = 0.25, shine
            picture.follow(grain, grid)
    return there


def draw(grid, view):
    """Draw a box in a view."""
    (left, right), (front, back), (bottom, top) = nakview.bounds(grid)
    width, flat = right - left, back - front < 0.1 * (right - left)
    shift = [(1 + GAP) * width, 0, 0]
    picture = nakview.Picture(view, f"box {panels.written(width)} wide")
    there = draw_bodies(grid, view, picture, flat, 1e-3 * width)
    content = nakview.Colours("x", "cividis")
    middle = nakview.cut("middle", grid, [0.5 * (left + right), 0.5 * (front + back)], flat)
    content.paint(nakview.moved("composition", middle, [1, 1, 1], shift), view)
    picture.follow(content, grid)
    for k in range(2):
        nakview.outline([(left + k * shift[0], right + k * shift[0]), (front, back), (bottom, top)], view)
    content.bar(view, "Na, mole fraction", [0.6, 0.03], 0.3)
    for k, body in enumerate(there):
        text, colour, _, _ = BODIES[body]
        nakview.write_in(view, text, [0.02 + 0.15 * k, 0.075], 14, colour and [nakview.DARKER * part for part in colour])
    direction = [0, -1, 0] if flat else [0.35, -0.85, 0.4]
    nakview.look_from(view, direction, [0, 0, 1], [(left, right + shift[0]), (front, back), (bottom, top)], below=0.25)
    return picture


if nakview.IN_SITU:  # not where a state of ParaView draws with it
    given = nakdata.arguments(size=SIZE)
    channel = nakview.channel("grid")
    options, catalyst_execute = draw(channel, nakview.view(given.size)).in_situ("phases", given, channel)
