"""Pictures of one moment of a cell by matplotlib: the face from above, curves over x, a column.

One look for all of them: a colour means one quantity, ranges are of this moment or given, what is
not in contact has no current and so no colour.  Lengths below a mm are in um, potentials in mV.
"""
import collections
import re

import numpy as np

from .draw import COLOURS, fine_scale, time_unit
from .fields import PHASES
from .moment import ALLOY, ELECTROLYTE, HALF, INTERPHASE, headline, is_sharp, minus

DPI = 100
INK, PALE, APART = "#1a1a1a", "#777777", "#d9d9d9"  # the last: what is not in contact
SIZE = "1200x800"
NA, K, FILAMENT, LIQUID, CERAMIC = "#E69F00", "#4A90D0", "#7A1FA2", "#DCEBF5", "#E9E2D6"
FLOW = "#C51B7D"  # the current as a curve
TIME = "time_s"  # among the texts of a picture
SMALLEST = 9  # letters [px]
LETTER = 0.55  # width of a letter over the size of its font
ROOM = 0.5  # of the margins of 1200 x 800, which such letters need
NARROW = 0.6  # of 1200 x 800: below, titles are short
LEAST = 1e-12  # of an extreme that counts as something
FLATTEST = {"u_face": 1e-3}  # least range of a curve's axis
EVEN, EVEN_FIELD = 0.02, 1e-3  # half the least range of current over its mean; least range of others, relative

Quantity = collections.namedtuple("Quantity", "title factor colours none", defaults=(None,))
QUANTITIES = {
    "current": Quantity("current / mean on the contact", 1, "PiYG_r"),
    "potential": Quantity("metal against electrolyte (mV)", 1e3, "viridis"),
    "u_face": Quantity("Na in the interphase, u", 1, "cividis"),
    "k_film": Quantity("K film, share of the face", 1, "Blues", "no K film"),
    "deposit": Quantity("Na deposit (\u00b5m)", 1e6, "YlOrBr", "no Na metal"),
    "filament": Quantity("filament (\u00b5m)", 1e6, "Purples", "no filament"),
    "wetted": Quantity("wetted; the rest void or solid K", 1, "Greys_r"),
}
SHARES = ("k_film", "wetted")


def figure_of(size):
    """A figure of so many pixels (width, height), without pyplot and without a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(size[0] / DPI, size[1] / DPI), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def pixels(text):
    """(1200, 800) of 1200x800."""
    width, height = (int(part) for part in str(text).split("x"))
    return width, height


def ranges_of(text):
    """{"u_face": (0, 1)} of u_face=0:1,deposit=0:5, in the units of the picture."""
    found = {}
    for part in filter(None, str(text or "").split(",")):
        name, _, ends = part.partition("=")
        if name.strip() not in QUANTITIES:
            raise ValueError(f"range of '{name.strip()}': there are {', '.join(QUANTITIES)}")
        low, _, high = ends.partition(":")
        found[name.strip()] = (float(low), float(high))
    return found


# ---- Shared parts ----

class Sheet:
    """A figure by pixels from its upper left corner, with letters that suit its size."""

    def __init__(self, figure, heading, across=1200, along=800):
        self.figure = figure
        self.width, self.height = (round(length * figure.dpi) for length in figure.get_size_inches())
        self.unit = max(min(self.width / across, self.height / along), ROOM)
        self.write(24, 34, heading, 17)

    def px(self, length):
        """Pixels of a length in a picture of 1200 x 800."""
        return length * self.unit

    def font(self, size):
        """Points of a size in pixels of a picture of 1200 x 800."""
        return max(self.px(size), SMALLEST) * 72 / self.figure.dpi

    def axes(self, left, top, width, height, **named):
        """Axes by pixels of this picture."""
        made = self.figure.add_axes([left / self.width, 1 - (top + height) / self.height,
                                     width / self.width, height / self.height], **named)
        made.tick_params(labelsize=self.font(12), length=self.px(4), width=self.px(1), colors=INK, pad=self.px(4))
        for spine in made.spines.values():
            spine.set_linewidth(self.px(1))
            spine.set_color(INK)
        return made

    def write(self, x, y, text, size, **named):
        """Text whose base line begins at pixels of a picture of 1200 x 800."""
        self.figure.text(self.px(x) / self.width, 1 - self.px(y) / self.height, minus(text),
                         fontsize=self.font(size), **{"color": INK, **named})

    def titled(self, axis, text):
        axis.set_title(minus(text), loc="left", fontsize=self.font(14), color=INK, pad=self.px(7))

    def bar(self, axis, image, title, place, more=""):
        """A scale of colours beside a map, of few digits, and the title of the map, with more after
        it."""
        from matplotlib.colors import LogNorm
        from matplotlib.ticker import FormatStrFormatter, MaxNLocator, ScalarFormatter

        left, top, height = place
        beside = self.axes(left, top, self.px(12), height)
        bar = self.figure.colorbar(image, cax=beside)
        fine = None
        if isinstance(image.norm, LogNorm):
            bar.set_ticks(log_ticks(*image.get_clim()))
            bar.formatter = FormatStrFormatter("%.3g")
        elif fine := fine_scale(*image.get_clim(), title):
            bar.set_ticks(fine[1], labels=fine[2])
        else:
            bar.locator = MaxNLocator(5)
            bar.formatter = ScalarFormatter(useOffset=False)
        self.titled(axis, (fine[0] if fine else title) + more)
        bar.minorticks_off()
        if not fine:
            bar.update_ticks()
        bar.outline.set_linewidth(self.px(0.8))
        beside.tick_params(labelsize=self.font(12), length=self.px(4))


def log_ticks(low, high):
    """1, 2, 5 of each decade, or decades alone where there are many."""
    decades = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    steps = (1, 2, 5) if high < 300 * low else (1,)
    found = [step * 10.0**d for d in decades for step in steps]
    found = [tick for tick in found if low * 0.999 <= tick <= high * 1.001]
    return found[::max(1, len(found) // 6)] or [low, high]


def length_unit(length):
    """Factor and name of the unit that suits a length in m."""
    return next((factor, name) for least, factor, name in ((1e-3, 1e3, "mm"), (1e-6, 1e6, "\u00b5m"), (0, 1e9, "nm"))
                if length >= least)


def written(length):
    """A length with its unit."""
    factor, unit = length_unit(length)
    return f"{factor * length:.3g} {unit}"


def round_below(value):
    """1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(value))
    return next(step * power for step in (5, 2, 1) if step * power <= value * 1.0001)


def save(figure, path, time):
    """Write a picture that knows its time [s]."""
    figure.savefig(path, metadata={TIME: repr(float(time))})


def reduced(path, finer):
    """A picture that was rendered so many times finer each way, as an array."""
    from PIL import Image

    return np.asarray(Image.open(path).convert("RGB").reduce(finer))


def reduce(path, finer):
    """Average the pixels of such a picture."""
    from PIL import Image

    Image.fromarray(reduced(path, finer)).save(path)


def complete(path, time, finer=1, beside=None, width=0):
    """Reduce a picture, have it know its time, and make it so wide, with what `beside` draws in a
    figure on its right."""
    from PIL import Image, PngImagePlugin

    picture = reduced(path, finer)
    height, used = picture.shape[:2]
    if beside:
        figure = figure_of((width - used, height))
        beside(figure)
        figure.canvas.draw()
        picture = np.concatenate([picture, np.asarray(figure.canvas.buffer_rgba())[..., :3]], axis=1)
    about = PngImagePlugin.PngInfo()
    about.add_text(TIME, repr(float(time)))
    Image.fromarray(picture).save(path, pnginfo=about)


# ---- What is drawn ----

def shown(moment, name):
    """(values, title) of a quantity; masked where nothing is in contact, nan."""
    quantity = QUANTITIES[name]
    if name == "current":
        ratio, mean = moment.focusing()
        if ratio is None:
            return np.where(moment.touching, 0.1 * moment.face["current"], np.nan), "current (mA/cm\u00b2)"
        return ratio, f"{quantity.title}, {mean:.3g} mA/cm\u00b2"
    values = quantity.factor * moment.face[name]
    if name in ("u_face", "potential") and "wetted" not in moment.face:
        values = np.where(moment.touching, values, np.nan)
    return values, quantity.title


def names_of(moment):
    """The quantities of a run's pictures: the same at each moment."""
    return ["current", "u_face", "wetted" if "wetted" in moment.face else "potential", "k_film", "deposit", "filament"]


def about_one(low, high):
    """Ends of colours that are even on both sides of 1, and whether by factors."""
    away = max(abs(high - 1), abs(low - 1), EVEN)
    if away < 0.9:
        return 1 - away, 1 + away, False
    most = max(high, 1 / max(low, 0.1))
    return 1 / most, most, True


def norm_of(name, values, title, ends=None):
    """How values become colours: even on both sides of 1 or 0 for the current, else the range there
    is.
    """
    from matplotlib.colors import LogNorm, Normalize

    found = values[np.isfinite(values)]
    low, high = (found.min(), found.max()) if found.size else (0.0, 1.0)
    if ends:
        return Normalize(*ends)
    if name == "current" and title.startswith(QUANTITIES[name].title):
        low, high, log = about_one(low, high)
        return (LogNorm if log else Normalize)(low, high)
    if name == "current":
        away = max(abs(low), abs(high), LEAST)
        return Normalize(-away, away)
    if name == "u_face" and high > 30 * max(low, 1e-6):
        return LogNorm(max(low, 1e-6), high)
    if name in SHARES:
        return Normalize(0, 1 if name == "wetted" else max(high, 0.01))
    if QUANTITIES[name].none:
        return Normalize(0, high)
    spread = max(high - low, EVEN_FIELD * max(abs(low), abs(high)), LEAST)
    middle = 0.5 * (low + high)
    return Normalize(middle - 0.5 * spread, middle + 0.5 * spread)


def draw_map(sheet, moment, name, box, ends):
    """A quantity of the face from above, with its bar and the line of contact."""
    left, top, width, height = box
    axis = sheet.axes(left, top, width, height)
    axis.set(xticks=[], yticks=[], xlim=(moment.x[0], moment.x[-1]), ylim=(moment.y[0], moment.y[-1]))
    values, title = shown(moment, name)
    title = title if sheet.unit > NARROW else title.partition(",")[0]
    axis.set_facecolor(APART)
    extent = (moment.x[0], moment.x[-1], moment.y[0], moment.y[-1])
    if QUANTITIES[name].none and np.nanmax(values) <= LEAST and not ends:
        sheet.titled(axis, title)
        axis.imshow(np.where(moment.touching, 1.0, np.nan), origin="lower", extent=extent, vmin=0, vmax=1,
                    cmap="Greys_r", aspect="auto", interpolation="nearest")
        axis.text(0.97, 0.03, QUANTITIES[name].none, transform=axis.transAxes, ha="right", va="bottom",
                  fontsize=sheet.font(13), color=PALE, bbox={"facecolor": "white", "edgecolor": "none", "pad": 2})
    else:
        from matplotlib.colors import LogNorm

        norm = norm_of(name, values, title, ends)
        image = axis.imshow(np.maximum(values, norm.vmin) if isinstance(norm, LogNorm) else values, origin="lower",
                            extent=extent, norm=norm, cmap=QUANTITIES[name].colours, interpolation="nearest",
                            aspect="auto")
        sheet.bar(axis, image, title, (left + width + sheet.px(8), top, height))
    draw_contact_line(sheet, axis, moment)
    return axis


def draw_contact_line(sheet, axis, moment):
    """Where half of the face is in contact: along the sides of cells where it is all or nothing."""
    contact = moment.face["contact"]
    if contact.min() >= HALF or contact.max() < HALF:
        return
    x, y = (0.5 * (ends[1:] + ends[:-1]) for ends in (moment.x, moment.y))
    if is_sharp(contact):
        x, y = (np.sort(np.concatenate([ends[1:] - step, ends[:-1] + step]))
                for ends, step in ((moment.x, 1e-4 * (x[1] - x[0])), (moment.y, 1e-4 * (y[1] - y[0]))))
        contact = np.repeat(np.repeat(contact, 2, axis=0), 2, axis=1)
    axis.contour(x, y, contact, levels=[HALF], colors=INK, linewidths=sheet.px(1.4))


def draw_scale_bar(sheet, axis, moment):
    """How long a piece of the face is."""
    length = round_below(0.35 * (moment.x[-1] - moment.x[0]))
    width = moment.x[-1] - moment.x[0]
    low = moment.y[0] - 0.045 * (moment.y[-1] - moment.y[0])
    axis.plot([moment.x[0], moment.x[0] + length], [low, low], color=INK, linewidth=sheet.px(3),
              clip_on=False, solid_capstyle="butt")
    axis.text(moment.x[0] + length + 0.02 * width, low, written(length), va="center", color=INK,
              fontsize=sheet.font(13))


def mark(sheet, axis, moment):
    """A cross at the worst point."""
    j, i = moment.worst()
    axis.plot(0.5 * (moment.x[i] + moment.x[i + 1]), 0.5 * (moment.y[j] + moment.y[j + 1]), "+", color="white",
              markersize=sheet.px(9), markeredgewidth=sheet.px(3.2))
    axis.plot(0.5 * (moment.x[i] + moment.x[i + 1]), 0.5 * (moment.y[j] + moment.y[j + 1]), "+", color=INK,
              markersize=sheet.px(8), markeredgewidth=sheet.px(1.4))


def draw_face(figure, moment, past=None, ranges=None):
    """The face of a cell: six maps in 3D; in 2D curves over x, and of the course that is `past` the
    current over x and time."""
    sheet = Sheet(figure, headline(moment.numbers))
    if moment.flat:
        draw_curves(sheet, moment, past)
        return
    aspect = (moment.y[-1] - moment.y[0]) / (moment.x[-1] - moment.x[0])
    names, above, beside, between = names_of(moment), sheet.px(92), sheet.px(100), sheet.px(62)
    width, columns = max((min(sheet.width / n - beside, ((sheet.height - sheet.px(66)) / -(-len(names) // n) - between)
                              / aspect), n) for n in (1, 2, 3, 6))
    height = aspect * width
    step_x = sheet.width / columns
    for k, name in enumerate(names):
        left = (k % columns) * step_x + 0.5 * (step_x - width - sheet.px(64))
        box = (left, above + (k // columns) * (height + between), width, height)
        axis = draw_map(sheet, moment, name, box, (ranges or {}).get(name))
        mark(sheet, axis, moment)
        if k == len(names) - columns:
            draw_scale_bar(sheet, axis, moment)
    room = sheet.width - sheet.px(24 + 180)  # beside the scale bar
    words = ("line: half in contact; grey: not in contact; +: where it begins to fail",
             "grey: not in contact; +: where it begins to fail", "grey: no contact")
    wide = LETTER * sheet.font(12) * sheet.figure.dpi / 72
    sheet.figure.text(1 - sheet.px(24) / sheet.width, sheet.px(16) / sheet.height,
                      next((text for text in words if wide * len(text) < room), ""),
                      fontsize=sheet.font(12), color=PALE, ha="right")


# ---- Two dimensions ----

CURVES = (("current",), ("u_face",), ("contact", "k_film"), ("deposit", "filament"))


def draw_curves(sheet, moment, past):
    """Curves over x on the left, the current over x and time, and the voltage, on the right."""
    factor, unit = length_unit(moment.x[-1] - moment.x[0])
    left, top, width = sheet.px(86), sheet.px(84), 0.42 * sheet.width
    step = (sheet.height - top - sheet.px(20)) / len(CURVES)
    edges = factor * (moment.x - moment.x[0])
    for k, names in enumerate(CURVES):
        axis = sheet.axes(left, top + k * step, width, step - sheet.px(40))
        draw_curve(sheet, axis, moment, names, edges)
        axis.set_xlim(edges[0], edges[-1])
        if k < len(CURVES) - 1:
            axis.set_xticklabels([])
    axis.set_xlabel(f"x ({unit})", fontsize=sheet.font(13), color=INK)
    draw_course(sheet, past, (factor, unit), (left + width + sheet.px(80), top))


NAMES = {"contact": "contact", "k_film": "K film", "deposit": "Na deposit (\u00b5m)", "filament": "filament (\u00b5m)"}
INKS = {"contact": INK, "k_film": K, "deposit": NA, "filament": FILAMENT, "current": FLOW,
        "u_face": COLOURS[2]}


def draw_curve(sheet, axis, moment, names, edges):
    """Quantities of one panel as stairs, one value a cell; two of different size have an axis each.
    """
    title = []
    for k, name in enumerate(names):
        values, label = shown(moment, name) if name in ("current", "u_face") else (moment.face[name], NAMES[name])
        if name in ("deposit", "filament"):
            values = QUANTITIES[name].factor * values
        over = axis if k == 0 or names[0] == "contact" else axis.twinx()
        none = QUANTITIES[name].none if name in ("deposit", "filament") and values.max() <= LEAST else None
        limit_curve(over, name, values[0])
        style_side(sheet, over, INKS[name] if over is not axis or len(names) == 1 or names[0] != "contact" else INK,
                   over is not axis)
        if none:
            over.set_yticks([])
        else:
            over.stairs(values[0], edges, baseline=None, color=INKS[name], linewidth=sheet.px(1.8))
        title.append((none or label, INKS[name]))
    at = 0.0
    for text, colour in title:
        axis.text(at, 1.06, minus(text), transform=axis.transAxes, fontsize=sheet.font(14), color=colour)
        at += 0.5 if len(title) > 1 else 0
    shade(axis, moment, edges)


def style_side(sheet, axis, colour, right):
    axis.tick_params(axis="y", colors=colour, labelsize=sheet.font(12))
    axis.tick_params(axis="x", labelsize=sheet.font(12))
    if axis.get_yscale() == "linear":
        axis.yaxis.get_major_locator().set_params(nbins=4)
        axis.ticklabel_format(axis="y", style="plain", useOffset=False)
    if right:
        for spine in axis.spines.values():
            spine.set_visible(False)


def limit_curve(axis, name, values):
    """Ends of a curve's axis."""
    found = values[np.isfinite(values)]
    low, high = (found.min(), found.max()) if found.size else (0, 1)
    if name in ("contact", "k_film"):
        axis.set_ylim(-0.05, 1.05)
    elif name in ("deposit", "filament"):
        axis.set_ylim(0, 1.1 * high if high > 0 else 1)
    elif name == "u_face" and high > 30 * max(low, 1e-6):
        axis.set_yscale("log")
        axis.set_ylim(max(low, 1e-6) / 1.5, 1.5 * high)
    else:
        spread = max(high - low, 2 * EVEN if name == "current" else 2 * EVEN * abs(high), FLATTEST.get(name, LEAST))
        middle = 0.5 * (low + high)
        if name == "u_face":
            middle = max(middle, 0.5 * spread)  # no content is below 0
        axis.set_ylim(middle - 0.58 * spread, middle + 0.58 * spread)


def shade(axis, moment, edges):
    """Grey where the face is not in contact."""
    gone = ~moment.touching[0]
    change = np.flatnonzero(np.diff(np.concatenate([[0], gone.astype(int), [0]])))
    for start, stop in zip(change[::2], change[1::2]):
        axis.axvspan(edges[start], edges[stop], color=APART, zorder=0, linewidth=0)


def draw_course(sheet, past, length, place):
    """The current over x and time, as far as the run has come, and beside it the voltage."""
    (factor, unit), (left, top) = length, place
    if past is None or len(past.times) < 2:
        return
    divisor, name = time_unit(past.times[-1])
    times = past.times / divisor
    ends = np.concatenate([[times[0]], 0.5 * (times[1:] + times[:-1]), [times[-1]]])
    height, width = sheet.height - top - sheet.px(60), 0.6 * (sheet.width - left - sheet.px(20))
    axis = sheet.axes(left, top, width, height)
    rows = np.where(past.still[:, None], np.nan, past.ratios)
    norm = norm_of("current", rows, QUANTITIES["current"].title)
    axis.set_facecolor(APART)
    image = axis.pcolormesh(factor * past.edges, ends, rows, norm=norm, cmap=QUANTITIES["current"].colours)
    hatch_still(sheet, axis, past.still, ends)
    axis.set_xlabel(f"x ({unit})", fontsize=sheet.font(13), color=INK)
    axis.set_ylabel(f"time ({name})", fontsize=sheet.font(13), color=INK)
    sheet.bar(axis, image, QUANTITIES["current"].title, (left + width + sheet.px(8), top, height))
    course = sheet.axes(left + width + sheet.px(92), top, sheet.width - left - width - sheet.px(116), height)
    course.plot(past.voltage, times, color=INK, linewidth=sheet.px(1.8))
    course.set_ylim(ends[0], ends[-1])
    course.set_yticklabels([])
    course.set_xlabel("V", fontsize=sheet.font(13), color=INK)
    course.xaxis.get_major_locator().set_params(nbins=3)
    sheet.titled(course, "voltage")


def hatch_still(sheet, axis, still, ends):
    """Moments at which no net current flows; the longest band of them says so."""
    change = np.flatnonzero(np.diff(np.concatenate([[0], still.astype(int), [0]])))
    bands = sorted(((ends[start], ends[stop]) for start, stop in zip(change[::2], change[1::2])),
                   key=lambda band: band[1] - band[0])
    for low, high in bands:
        axis.axhspan(low, high, facecolor="white", edgecolor=PALE, hatch="////", linewidth=0)
    if bands:
        room = 0.02 * (ends[-1] - ends[0])
        middle = min(max(0.5 * sum(bands[-1]), ends[0] + room), ends[-1] - room)
        axis.text(0.97, middle, "no current", transform=axis.get_yaxis_transform(), ha="right", va="center",
                  fontsize=sheet.font(13), color=PALE, bbox={"facecolor": "white", "edgecolor": "none", "pad": 2})


# ---- Sections ----

UM, NM = (1e6, "\u00b5m"), (1e9, "nm")


def composition(moment):
    """The field that says how much Na there is in the alloy: (name, factor, title)."""
    if "liquid_x" in moment.volume:
        return "liquid_x", 1, "Na in the liquid (mole fraction)"
    return "c", 1e-3, "Na in the alloy (mol/l)"


def draw_section(figure, moment):
    """The plane where a failure begins: the alloy with its phases over the pellet with its
    filaments, and the worst column."""
    sheet = Sheet(figure, headline(moment.numbers))
    factor, unit = length_unit(moment.x[-1] - moment.x[0])
    left, top, width = sheet.px(86), sheet.px(92), 0.5 * sheet.width
    height = 0.5 * (sheet.height - top) - sheet.px(50)
    edges = factor * (moment.x - moment.x[0])
    alloy = sheet.axes(left, top, width, height)
    draw_alloy(sheet, alloy, moment, edges, (left + width + sheet.px(8), top, height))
    pellet = sheet.axes(left, top + height + sheet.px(44), width, height)
    draw_pellet(sheet, pellet, moment, edges, (left + width + sheet.px(8), top + height + sheet.px(44), height))
    for axis in (alloy, pellet):
        axis.set_xlim(edges[0], edges[-1])
        j, i = moment.worst()
        axis.axvline(0.5 * (edges[i] + edges[i + 1]), color=INK, linewidth=sheet.px(1.4), linestyle=":")
    alloy.set_xticklabels([])
    pellet.set_xlabel(f"x ({unit})", fontsize=sheet.font(13), color=INK)
    start = left + width + sheet.px(185)
    draw_column(sheet, moment, (start, top, sheet.width - start - sheet.px(24), sheet.height - top - sheet.px(56)))


def draw_alloy(sheet, axis, moment, edges, beside):
    """Composition, voids, solids, and the deposit on the face."""
    layers = moment.layers(ALLOY)
    name, factor, title = composition(moment)
    values = factor * moment.row(name)[layers]
    heights = 1e6 * moment.z[layers.start:layers.stop + 1]
    x, z = 0.5 * (edges[1:] + edges[:-1]), 0.5 * (heights[1:] + heights[:-1])
    image = axis.pcolormesh(edges, heights, values, cmap="cividis", norm=norm_of("potential", values, title))
    axis.bar(edges[:-1], 1e6 * moment.face["deposit"][moment.worst()[0]], np.diff(edges), align="edge", color=NA,
             edgecolor="none")
    down = np.concatenate([heights[:1], z])  # to the face
    for phase, colour in PHASES.items():
        if has(moment, phase):
            share = moment.row(phase)[layers]
            share = np.vstack([share[:1], share])
            axis.contourf(x, down, share, levels=[HALF, 2], colors=[colour], alpha=0.6 if phase == "void" else 1)
            axis.contour(x, down, share, levels=[HALF], colors=INK, linewidths=sheet.px(1.4))
    top = highest(moment, z)
    wanted = max(2.5 * top, 0.3 * 1e6 * (moment.x[-1] - moment.x[0])) if top > 0 else heights[-1]
    axis.set_ylim(heights[0], min(wanted, heights[-1]))
    axis.set_ylabel("above the face (\u00b5m)", fontsize=sheet.font(13), color=INK)
    sheet.bar(axis, image, title, beside)
    legend(sheet, axis, moment)


def highest(moment, z):
    """The top of what lies on the face, in the units of z; 0 without phases and deposit."""
    layers = moment.layers(ALLOY)
    tops = [z[np.flatnonzero(moment.row(phase)[layers].max(axis=1) > HALF)[-1]]
            for phase in PHASES if has(moment, phase)]
    return max([1e6 * moment.face["deposit"].max(), *tops])


def legend(sheet, axis, moment):
    """Names of the phases there are, in their colours: beside the title, or below it where there is
    no room."""
    words = [(word, colour) for word, colour, there in (
        ("void", INK, has(moment, "void")), ("solid K", K, has(moment, "solid_b")),
        ("solid Na", PHASES["solid_a"], has(moment, "solid_a")),
        ("Na metal", NA, moment.face["deposit"].max() > LEAST),
        ("filament", FILAMENT, moment.face["filament"].max() > LEAST)) if there]
    letter = LETTER * sheet.font(13) * sheet.figure.dpi / 72 / (axis.get_position().width * sheet.width)
    wide = letter * sum(len(word) + 5 for word, _ in words)
    beside = wide + letter * len(axis.get_title(loc="left")) < 1
    at = 1.0
    for word, colour in reversed(words):
        sign = "\u25a1" if word == "void" else "\u25a0"
        axis.text(at, 1.02 if beside else 0.98, f"{sign} {word}", transform=axis.transAxes, ha="right",
                  va="bottom" if beside else "top", color=colour, fontsize=sheet.font(13))
        at -= letter * (len(word) + 5)


def has(moment, phase):
    """Whether half of a cell is of a phase."""
    return phase in moment.volume and moment.row(phase).max() > HALF


def draw_pellet(sheet, axis, moment, edges, beside):
    """Potential where the grid has the pellet, and the filaments in all of it."""
    layers = moment.layers(ELECTROLYTE)
    resolved, whole = -moment.z[0], moment.thickness or -moment.z[0]
    deep = moment.face["filament"].max() > resolved
    depth = whole if deep else resolved
    factor, unit = length_unit(depth)
    where = "in the pellet" if sheet.unit > NARROW else "depth"
    axis.set_ylabel(f"{where} ({unit})", fontsize=sheet.font(13), color=INK)
    if deep:
        sheet.titled(axis, f"pellet, {written(whole)}")
    else:
        values = 1e3 * moment.row("phi_e")[layers]
        image = axis.pcolormesh(edges, factor * moment.z[layers.start:layers.stop + 1], values, cmap="viridis",
                                norm=norm_of("potential", values, ""))
        part = "" if resolved > 0.99 * whole else f", the first {written(resolved)} of {written(whole)}"
        sheet.bar(axis, image, "potential in the pellet (mV)", beside, part)
    axis.set_facecolor(CERAMIC)
    axis.vlines(0.5 * (edges[1:] + edges[:-1]), -factor * moment.face["filament"][moment.worst()[0]], 0, color=FILAMENT,
                linewidth=sheet.px(2.2))
    axis.set_ylim(-factor * depth, 0)


def draw_inset(figure, moment):
    """The worst column alone, for a place beside another picture."""
    sheet = Sheet(figure, "", 360, 800)
    left, top = sheet.px(84), sheet.px(74)
    draw_column(sheet, moment, (left, top, sheet.width - left - sheet.px(36), sheet.height - top - sheet.px(64)))


def draw_column(sheet, moment, box):
    """The worst column on three scales: alloy, interphase, pellet."""
    left, top, width, height = box
    j, i = moment.worst()
    factor, unit = length_unit(moment.x[-1] - moment.x[0])
    place = [f"{factor * 0.5 * (moment.x[i] + moment.x[i + 1]):.3g}"]
    if not moment.flat:
        place.append(f"{factor * 0.5 * (moment.y[j] + moment.y[j + 1]):.3g}")
    name, scale, title = composition(moment)
    parts = [(ALLOY, UM, name, scale, title, COLOURS[0]),
             (INTERPHASE, NM, "c", 1e-3, "Na in the interphase (mol/l)", COLOURS[2]),
             (ELECTROLYTE, UM, "phi_e", 1e3, "potential in the pellet (mV)", COLOURS[1])]
    parts = [part for part in parts if moment.layers(part[0]).stop > 0]
    gap = sheet.px(64)
    each = (height - gap * (len(parts) - 1)) / len(parts)
    for k, (region, (to, name_z), field, scale, label, colour) in enumerate(parts):
        axis = sheet.axes(left, top + k * (each + gap), width, each)
        layers = moment.layers(region)
        heights = to * moment.z[layers.start:layers.stop + 1]
        values = scale * moment.column(field)[layers]
        shade_phases(axis, moment, layers, heights, region)
        axis.stairs(values, heights, orientation="horizontal", baseline=None, color=colour, linewidth=sheet.px(2))
        axis.set_ylim(heights[0], heights[-1])
        spread = max(np.ptp(values), 1e-3 * np.abs(values).max(), LEAST)
        axis.set_xlim(values.min() - 0.06 * spread, values.max() + 0.06 * spread)
        if sheet.unit <= NARROW:  # the axes say where
            label = re.sub(" in the [a-z]+", "", label)
        fine = fine_scale(*axis.get_xlim(), label, 3)
        if fine:
            axis.set_xticks(*fine[1:])
        else:
            axis.xaxis.get_major_locator().set_params(nbins=3)
            axis.ticklabel_format(axis="x", useOffset=False)
        axis.set_xlabel(fine[0] if fine else label, fontsize=sheet.font(12), color=colour, labelpad=sheet.px(2))
        axis.set_ylabel(f"z ({name_z})", fontsize=sheet.font(12), color=INK)
        if k == 0:
            what = "column at " if sheet.unit > NARROW else ""
            sheet.titled(axis, f"{what}x{', y' if len(place) > 1 else ''} = {', '.join(place)} {unit}")


def shade_phases(axis, moment, layers, heights, region):
    """What fills a column."""
    axis.set_facecolor({ALLOY: LIQUID, INTERPHASE: "white", ELECTROLYTE: CERAMIC}[region])
    if region != ALLOY:
        return
    for phase, colour in PHASES.items():
        if phase in moment.volume:
            for k in np.flatnonzero(moment.column(phase)[layers] > HALF):
                axis.axhspan(heights[k], heights[k + 1], color=colour, alpha=0.6, linewidth=0)
    metal = 1e6 * moment.face["deposit"][moment.worst()]
    if metal > 0:
        axis.axhspan(0, metal, color=NA, linewidth=0)
