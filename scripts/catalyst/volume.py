# script-version: 2.0
"""The cell as a body: potential in the electrolyte, current on its face, Na in the alloy.

With `insitu: {script: volume.py, every: 10 s}`; options: size (1200x900), live.  The alloy is lifted off
the electrolyte and drawn higher than it is, so that its composition is seen; the factor is written on
the picture.  Where the run has voids or solid phases, their surfaces are drawn in the alloy.
"""
import pathlib
import sys

from paraview import simple

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import nakview  # noqa: E402

BODIES = {"void": [0.2, 0.2, 0.2], "solid_k": [0.84, 0.37, 0.0], "solid_na": [0.0, 0.45, 0.7]}

given = nakview.arguments()
grid, face = nakview.channel("grid"), nakview.channel("face")
(left, right), (front, back), (bottom, top) = nakview.bounds(grid)
width, depth = right - left, back - front
flat = depth < 0.1 * width
gap = 0.06 * width
middle = [0.5 * (left + right), 0.5 * (front + back)]


def placed(name, source, factor, height):
    """A source stretched and lifted in z."""
    made = simple.Transform(registrationName=name, Input=source)
    made.Transform = "Transform"
    made.Transform.Scale = [1, 1, factor]
    made.Transform.Translate = [0, 0, height]
    return made


def cut(name, source):
    """Its slice in the middle; a 2D run is one already."""
    if flat:
        return source
    made = simple.Slice(registrationName=name, Input=source)
    made.SliceType = "Plane"
    made.SliceType.Origin = [*middle, 0]
    made.SliceType.Normal = [0, 1, 0]
    return made


factor = 0.3 * width / top
low_factor = min(1.0, 0.5 * width / -bottom) if bottom < 0 else 1.0
alloy = placed("alloy", nakview.cells_where("alloy cells", grid, "region", 1, 2), factor, gap)
alloy_cut = cut("alloy cut", alloy)
view = nakview.view(given.size)
sodium = nakview.Colours("c", "Cividis")
flow = nakview.Colours("current", "Inferno (matplotlib)")
scales = [(sodium, nakview.cells_where("alloy alone", grid, "region", 2, 2), "Na  (mol/m\u00b3)"), (flow, face, "current  (A/m\u00b2)")]
sodium.paint(alloy_cut, view)
nakview.outline([(left, right), (front, back), (gap, gap + factor * top)], view)
if bottom < 0:
    potential = nakview.Colours("phi_e", "Viridis (matplotlib)")
    pellet = placed("pellet", nakview.cells_where("pellet cells", grid, "region", 0, 0), low_factor, 0)
    potential.paint(pellet, view)
    nakview.outline([(left, right), (front, back), (low_factor * bottom, 0)], view)
    scales.append((potential, pellet, "potential  (V)"))
if not flat:
    flow.paint(placed("face drawn", face, 1, 0.002 * width), view)  # clear of the pellet's top
for name, colour in BODIES.items():
    if nakview.first_of(grid, name):
        shown = simple.Show(placed(name, nakview.contour(f"{name} as it is", grid, name, 0.5), factor, gap), view)
        nakview.one_colour(shown, colour)

drawn_bottom, drawn_top = low_factor * min(bottom, 0), gap + factor * top
centre = [*middle, 0.5 * (drawn_bottom + drawn_top)]
tall = drawn_top - drawn_bottom
if flat:
    ratio = view.ViewSize[0] / view.ViewSize[1]
    nakview.look_from(view, [0, -1, 0], [0, 0, 1], [centre[0] + 0.12 * width, *centre[1:]],
                      max(0.62 * tall, 0.68 * width / ratio))
    scales = [scale for scale in scales if scale[0] is not flow]
else:
    nakview.look_from(view, [0.45, -0.8, 0.4], [0, 0, 1], [centre[0] + 0.12 * width, *centre[1:]], 0.75 * width)
for k, (colour, _, title) in enumerate(scales):
    colour.bar(view, title, [0.82, 0.64 - 0.29 * k], 0.2)

head = nakview.write_in(view, "", [0.02, 0.95])
nakview.write_in(view, f"cell {1e3 * width:.3g} mm wide; alloy drawn {factor:.3g} times too high", [0.02, 0.02], 12)
nakview.png(view, "volume")
options = nakview.catalyst_options(given)


def catalyst_execute(info):
    """Called before the picture is taken."""
    head.Text = nakview.headline(nakview.numbers(grid))
    for colour, source, _ in scales:
        source.UpdatePipeline(info.time)
        colour.follow(source)
