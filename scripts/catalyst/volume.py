# script-version: 2.0
"""The cell as a body: the current over its mean on the face, voids as glass with the Na metal in
them, grains of solid K and Na, filaments in the pellet. Beside it the column where it begins to
fail, on scales of its own for alloy, interphase and pellet.

With `insitu: {script: volume.py, every: 10 s}`; options: size (1200x800), live.  What is not drawn
to one scale is said below the picture.  Runs in 2D are section.py's.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import nakdata  # noqa: E402
import nakview  # noqa: E402
from nakfield import moment, panels  # noqa: E402

GLASS = [0.62, 0.72, 0.78]
# name: (words, colour, opacity, shine)
BODIES = {"void": ("void", GLASS, 0.35, 0.9), "solid_b": ("solid K", nakview.rgb(panels.K), 1, 0.3),
          "solid_a": ("solid Na", nakview.rgb(panels.NA), 1, 0.3)}
FLATTEST, HIGHEST, DEEPEST = 0.25, 0.8, 0.45  # heights drawn, over the width
THINNEST = 0.02  # a layer of Na is drawn from this height on, over the width: below it hides the current


def scales(width, bottom, top):
    """Factors of heights in the alloy and of depths in the pellet, 1 where the shape allows it, and
    the height of the alloy drawn."""
    alloy = max(1.0, FLATTEST * width / top)
    pellet = min(1.0, DEEPEST * width / -bottom) if bottom < 0 else 1.0
    return alloy, pellet, min(alloy * top, HIGHEST * width)


def draw(grid, face, view, thickness=None):
    """Draw a cell of three dimensions in a view."""
    (left, right), (front, back), (bottom, top) = nakview.bounds(grid)
    width = right - left
    up, down, ceiling = scales(width, bottom, top)
    floor = down * min(bottom, 0)
    needle = -floor / (thickness or -bottom or 1)
    picture = nakview.Picture(view, foot(width, up, down, -bottom), "column")
    flow = nakview.Colours("focusing", panels.QUANTITIES["current"].colours, focus=True)
    plane = nakview.focusing("face with focusing", face)
    flow.paint(nakview.moved("face drawn", plane, [1, 1, 1], [0, 0, 1e-3 * width]), view)  # clear of the pellet
    picture.follow(flow, plane)
    flow.bar(view, panels.QUANTITIES["current"].title, [0.3, 0.035], 0.4)
    line = nakview.contact_line("contact line", face, 3e-3 * width)
    shown = nakview.one_colour(nakview.simple.Show(line, view), nakview.INK)
    shown.LineWidth = 2
    metal = nakview.pillars("Na metal", face, "deposit", up, 1, THINNEST * width / up)
    nakview.one_colour(nakview.simple.Show(metal, view), nakview.rgb(panels.NA))
    picture.name("Na metal", nakview.rgb(panels.NA), face, "deposit", THINNEST * width / up)
    for phase, (words, colour, opacity, shine) in BODIES.items():
        if nakview.first_of(grid, phase):
            surface = nakview.contour(f"{phase} as it is", grid, phase, moment.HALF)
            drawn = nakview.moved(phase, surface, [1, 1, up], [0, 0, 0])
            nakview.one_colour(nakview.simple.Show(drawn, view), colour, opacity, shine)
            picture.name(words, colour, grid, phase, moment.HALF)
    nakview.outline([(left, right), (front, back), (2e-3 * width, ceiling)], view)
    if bottom < 0:
        draw_pellet(face, picture, [(left, right), (front, back), (floor, 0)], needle)
        if thickness and -bottom < 0.99 * thickness:
            picture.note(f"filaments as if the floor of the pellet were {panels.written(thickness)} deep", face, "filament")
    nakview.look_from(view, [0.42, -0.78, 0.46], [0, 0, 1], [(left, right), (front, back), (floor, ceiling)])
    return picture


def draw_pellet(face, picture, box, needle):
    """The ceramic, clear enough to see the filaments in it."""
    view = picture.view
    block = nakview.simple.Box(registrationName="pellet")
    block.Center = [0.5 * (low + high) for low, high in box]
    block.XLength, block.YLength, block.ZLength = [high - low for low, high in box]
    nakview.one_colour(nakview.simple.Show(block, view), nakview.rgb(panels.CERAMIC), 0.45, 0.0)
    nakview.outline(box, view)
    needles = nakview.pillars("filaments", face, "filament", -needle, 0.4)
    nakview.one_colour(nakview.simple.Show(needles, view), nakview.rgb(panels.FILAMENT))
    picture.name("filament", nakview.rgb(panels.FILAMENT), face, "filament")
    picture.name("pellet", nakview.rgb(panels.CERAMIC))


def foot(width, up, down, depth):
    """What is not to scale."""
    said = [f"cell {panels.written(width)} wide"]
    if up != 1:
        said.append(f"heights in the alloy drawn {up:.3g} times")
    if depth > 0:
        said.append(f"the first {panels.written(depth)} of the pellet"
                    + (f", drawn {down:.2g} times as deep" if down < 1 else ""))
    return "; ".join(said)


if nakview.IN_SITU:  # not where a state of ParaView draws with it
    given = nakdata.arguments(size=nakview.SIZE)
    channels = nakview.channel("grid"), nakview.channel("face")
    picture = draw(*channels, nakview.view(given.size), nakdata.thickness())
    options, catalyst_execute = picture.in_situ("volume", given, *channels)
