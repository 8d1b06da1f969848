# script-version: 2.0
"""The cell as a body: potential in the electrolyte, current on its face, Na in the alloy.

With `insitu: {script: volume.py, every: 10 s}`; options: size (1200x900), live.  The alloy is lifted off
the electrolyte and drawn higher than it is, so that its composition is seen; the factor is written on
the picture.  Where the run has voids or solids, their surfaces are drawn in the alloy.
"""
import pathlib
import sys

from paraview import simple

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import nakdata  # noqa: E402
import nakview  # noqa: E402

PHASES = {"void": [0.2, 0.2, 0.2], "solid_b": [0.35, 0.6, 0.9], "solid_a": [0.9, 0.6, 0.0]}


def draw(grid, face, view):
    """Draw a cell in a view."""
    (left, right), (front, back), (bottom, top) = nakview.bounds(grid)
    width, depth = right - left, back - front
    flat = depth < 0.1 * width
    gap = 0.06 * width
    middle = [0.5 * (left + right), 0.5 * (front + back)]
    factor = 0.3 * width / top
    low_factor = min(1.0, 0.5 * width / -bottom) if bottom < 0 else 1.0
    picture = nakview.Picture(view, f"cell {1e3 * width:.3g} mm wide; alloy drawn {factor:.3g} times as high as it is")

    def lifted(name, source):
        return nakview.moved(name, source, [1, 1, factor], [0, 0, gap])

    sodium = nakview.Colours("c", "Cividis")
    alloy = lifted("alloy", nakview.cells_where("alloy cells", grid, "region", 1, 2))
    sodium.paint(nakview.cut("alloy cut", alloy, middle, flat), view)
    nakview.outline([(left, right), (front, back), (gap, gap + factor * top)], view)
    scales = [(sodium, nakview.cells_where("alloy alone", grid, "region", 2, 2), "Na  (mol/m\u00b3)")]
    if not flat:
        flow = nakview.Colours("current", "Inferno (matplotlib)")
        flow.paint(nakview.moved("face drawn", face, [1, 1, 1], [0, 0, 0.002 * width]), view)  # clear of the pellet
        scales.append((flow, face, "current  (A/m\u00b2)"))
    if bottom < 0:
        potential = nakview.Colours("phi_e", "Viridis (matplotlib)")
        pellet = nakview.moved("pellet", nakview.cells_where("pellet cells", grid, "region", 0, 0),
                               [1, 1, low_factor], [0, 0, 0])
        potential.paint(pellet, view)
        nakview.outline([(left, right), (front, back), (low_factor * bottom, 0)], view)
        scales.append((potential, pellet, "potential  (V)"))
    for phase, colour in PHASES.items():
        if nakview.first_of(grid, phase):
            surface = lifted(phase, nakview.contour(f"{phase} as it is", grid, phase, 0.5))
            nakview.one_colour(simple.Show(surface, view), colour)
    for k, (colour, source, title) in enumerate(scales):
        picture.follow(colour, source)
        colour.bar(view, title, [0.82, 0.64 - 0.29 * k], 0.2)

    drawn_bottom, drawn_top = low_factor * min(bottom, 0), gap + factor * top
    centre = [middle[0] + 0.12 * width, middle[1], 0.5 * (drawn_bottom + drawn_top)]
    if flat:
        ratio = view.ViewSize[0] / view.ViewSize[1]
        nakview.look_from(view, [0, -1, 0], [0, 0, 1], centre,
                          max(0.62 * (drawn_top - drawn_bottom), 0.68 * width / ratio))
    else:
        nakview.look_from(view, [0.45, -0.8, 0.4], [0, 0, 1], centre, 0.75 * width)
    return picture


if nakview.IN_SITU:  # not where a state of ParaView draws with it
    given = nakdata.arguments(size=nakview.SIZE)
    channels = nakview.channel("grid"), nakview.channel("face")
    options, catalyst_execute = draw(*channels, nakview.view(given.size)).in_situ("volume", given, channels[0])
