# script-version: 2.0
"""The electrolyte's face from above: current, contact, K film, and voids or the interphase.

With `insitu: {script: interface.py, every: 10 s}`; options: size (1200x900), live.
A 2D run is drawn as bands, as wide as the cell and of any height.
"""
import pathlib
import sys

from paraview import simple

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import nakdata  # noqa: E402
import nakview  # noqa: E402

BAND = 0.11  # height of the band of a 2D run, over its width
GAP = 0.28  # between two maps side by side, over the width of one


def maps(face):
    """What is drawn: (source, array, title, colours, ends)."""
    current = simple.Calculator(registrationName="current in mA", Input=face)
    current.AttributeType = "Cell Data"
    current.ResultArrayName = "current_mA"
    current.Function = "0.1*current"
    yield current, "current_mA", "current  (mA/cm\u00b2)", "Viridis (matplotlib)", None
    yield face, "contact", "contact", "Cividis", (0, 1)
    yield face, "k_film", "K film", "Inferno (matplotlib)", (0, 1)
    if nakview.first_of(face, "wetted"):
        yield face, "wetted", "wetted (the rest: voids or solid K)", "Cividis", (0, 1)
    else:
        yield face, "u_face", "Na in the interphase", "Cividis", (0, 1)


def draw(face, view):
    """Draw a face in a view."""
    (left, right), (front, back), _ = nakview.bounds(face)
    width, depth = right - left, back - front
    flat = depth < 0.1 * width
    height = BAND * width if flat else depth
    columns = 1 if flat else 2
    drawn = list(maps(face))
    rows = len(drawn) // columns
    step_x, step_y = (1 + GAP) * width, height + (0.13 * width if flat else 0.2 * height)
    total_x, total_y = columns * step_x, rows * step_y
    ratio = view.ViewSize[0] / view.ViewSize[1]
    half = max(0.5 * total_x / ratio, 0.5 * total_y / 0.86)
    centre_y = 0.9 * half  # a margin below, the headline above
    nakview.look_from(view, [0, 0, 1], [0, 1, 0], [0.5 * total_x, centre_y, 0], half)

    def on_screen(x, y):
        """Where a point of the drawing is in the view."""
        return [0.5 + (x - 0.5 * total_x) / (2 * half * ratio), 0.5 + (y - centre_y) / (2 * half)]

    picture = nakview.Picture(view, f"cell {1e3 * width:.3g} mm wide")
    for k, (source, array, title, preset, ends) in enumerate(drawn):
        x, y = (k % columns) * step_x + 0.02 * width, (rows - 1 - k // columns) * step_y
        placed = nakview.moved(f"map of {array}", source, [1, height / depth, 1],
                               [x - left, y - front * height / depth, 0])
        colour = nakview.Colours(array, preset, ends, invert=array == "k_film")
        colour.paint(placed, view)
        picture.follow(colour, source)
        nakview.outline([(x, x + width), (y, y + height), (0, 0)], view)
        colour.bar(view, "", on_screen(x + 1.02 * width, y), height / (2 * half))
        nakview.write_in(view, title, on_screen(x, y + 1.015 * height), 14)
    return picture


if nakview.IN_SITU:  # not where a state of ParaView draws with it
    given = nakdata.arguments(size=nakview.SIZE)
    channel = nakview.channel("face")
    options, catalyst_execute = draw(channel, nakview.view(given.size)).in_situ("interface", given, channel)
