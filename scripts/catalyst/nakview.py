"""What the scripts of this folder that draw with ParaView share; copy it along with them.

Every rank runs a script in situ and sees its own cells only: whatever a script decides from the
data (a range, a size) must be reduced over the ranks, or they draw different pictures.  In pvbatch
the first rank alone runs it and sees all: there is nothing to reduce.
"""
import os

import nakdata  # first: it knows where nakfield is
import nakfield
import numpy as np
from nakfield import moment as moments
from nakfield import panels
from nakfield.moment import headline
from paraview import servermanager, simple

try:  # not where a ParaView was built without Catalyst
    from paraview.modules.vtkPVPythonCatalyst import vtkCPPythonScriptV2Helper
    IN_SITU = vtkCPPythonScriptV2Helper.GetActiveInstance() is not None
except ImportError:
    IN_SITU = False

EVERYWHERE = IN_SITU or servermanager.vtkProcessModule.GetProcessModule().GetSymmetricMPIMode()
INK = [0.1, 0.1, 0.1]
SIZE = "1200x800"  # of a picture
FINER = 2  # times as many pixels each way are rendered, and then averaged
NARROWEST = 0.75  # shape (width over height) of a window in which a drawing is whole, over that of its view
FIRST_NAME, NEXT_NAME = 0.87, 0.035  # heights of the names of what is drawn, over that of the view
DARKER = 0.7  # are letters than what they name


def rgb(colour):
    """Parts of a colour of matplotlib."""
    from matplotlib.colors import to_rgb
    return list(to_rgb(colour))


# ---- The simulation ----

def channel(name):
    """A channel of the simulation: `grid` or `face`."""
    producer = simple.TrivialProducer(registrationName=name)
    producer.UpdatePipeline()
    return producer


def fields(producer):
    """Names of its cell arrays."""
    return list(producer.CellData.keys())


def first_of(producer, *names):
    """The first of the names that it has, or None: fields depend on what the deck switches on."""
    return next((name for name in names if name in fields(producer)), None)


def largest(values):
    """The largest of each value over the ranks that run this script."""
    return nakdata.largest(values) if EVERYWHERE else list(values)


def bounds(producer):
    """Lower and upper ends of x, y, z over all ranks [m]."""
    box = producer.GetDataInformation().GetBounds()
    ends = largest([-box[0], box[1], -box[2], box[3], -box[4], box[5]])
    return [(-ends[2 * d], ends[2 * d + 1]) for d in range(3)]


def value_range(source, array):
    """Least and largest value of a cell or point array over all ranks."""
    found = source.CellData.GetArray(array) or source.PointData.GetArray(array)
    low, high = found.GetRange() if found else (1e300, -1e300)
    low, high = largest([-low, high])
    return -low, high


# ---- Filters ----

def moved(name, source, scale, shift):
    """A source stretched, then moved."""
    made = simple.Transform(registrationName=name, Input=source)
    made.Transform = "Transform"
    made.Transform.Scale, made.Transform.Translate = scale, shift
    return made


def cut(name, source, middle, flat):
    """Its slice in the middle; a 2D run is one already."""
    if flat:
        return source
    made = simple.Slice(registrationName=name, Input=source)
    made.SliceType = "Plane"
    made.SliceType.Origin = [*middle, 0]
    made.SliceType.Normal = [0, 1, 0]
    return made


def cells_where(name, source, array, low, high):
    """The cells whose value lies between two bounds, as an unstructured grid."""
    made = simple.Threshold(registrationName=name, Input=source)
    made.Scalars = ["CELLS", array]
    made.LowerThreshold, made.UpperThreshold = low, high
    return made


def contour(name, source, array, value):
    """Where a cell array passes a value, without seams between the ranks."""
    ghosts = getattr(simple, "GhostCellsGenerator", None) or simple.GhostCells
    cells = cells_where(f"{name} cells", source, array, -1e300, 1e300)  # ghosts of grids fail in 5.11
    points = simple.CellDatatoPointData(registrationName=f"{name} points", Input=ghosts(Input=cells))
    made = simple.Contour(registrationName=name, Input=points)
    made.ContourBy = ["POINTS", array]
    made.Isosurfaces = [value]
    return simple.RemoveGhostInformation(registrationName=f"{name} once", Input=made)


def programmed(name, sources, function, *arguments):
    """A filter that has a function of nakfilter make a surface of its inputs, on every rank."""
    made = simple.ProgrammableFilter(registrationName=name, Input=sources)
    made.PythonPath = repr(os.path.dirname(os.path.abspath(__file__)))
    made.OutputDataSetType, made.CopyArrays = "vtkPolyData", 0
    ends = "".join(f", {argument!r}" for argument in arguments)
    made.Script = ("import nakdata\nimport nakfilter\n"
                   "meshes = [nakdata.leaf(self.GetInputDataObject(0, k))\n"
                   "          for k in range(self.GetNumberOfInputConnections(0))]\n"
                   f"nakfilter.{function}(self.GetOutputDataObject(0), *meshes{ends})")
    return made


def grains(name, surface, grid):
    """A surface with `grain` of the nearest cell that is in one: numbers of grains have no mean."""
    return programmed(name, [surface, grid], "add_grains")


def focusing(name, face):
    """The face with `focusing`: the current over its mean on the contact, nan where there is none.
    """
    return programmed(name, face, "add_focusing")


def contact_line(name, face, height):
    """Where half of the face is in contact, at a height; on the first rank."""
    return programmed(name, face, "add_contact_line", float(height))


def pillars(name, face, array, factor, share, least=panels.LEAST):
    """A box on each cell of the face where an array is above `least`, as high as `factor` times it,
    and as wide as this share of the cell; down for a factor below 0."""
    return programmed(name, face, "add_pillars", array, float(factor), float(share), float(least))


# ---- Views ----

def view(size=SIZE):
    """A white view that looks along an axis, without perspective."""
    made = simple.CreateView("RenderView")
    made.ViewSize = list(panels.pixels(size))
    made.OrientationAxesVisibility = 0
    made.CameraParallelProjection = 1
    made.UseFXAA = 0  # it rounds the corners of cells
    simple.LoadPalette("WhiteBackground")
    return made


def look_from(made, direction, up, box, above=0.1, below=0.19):
    """Turn the camera so that a box is seen whole, with room for words above and below, in the view
    itself, or in a window as narrow as NARROWEST says."""
    direction, up = np.array(direction) / np.linalg.norm(direction), np.array(up, float)
    right = np.cross(up, direction)
    right /= np.linalg.norm(right)
    up = np.cross(direction, right)
    corners = np.array([[x, y, z] for x in box[0] for y in box[1] for z in box[2]])
    across, along = corners @ right, corners @ up
    ratio = made.ViewSize[0] / made.ViewSize[1] * (1 if IN_SITU else NARROWEST)
    half = max(0.5 * np.ptp(along) / (1 - above - below), 0.5 * np.ptp(across) / (0.92 * ratio))
    middle = 0.5 * (along.max() + along.min()) + (above - below) * half
    centre = right * 0.5 * (across.max() + across.min()) + up * middle + direction * (corners @ direction).mean()
    made.CameraFocalPoint = list(centre)
    made.CameraPosition = list(centre + 10 * half * direction)
    made.CameraViewUp, made.CameraParallelScale = list(up), half


def sheet(name, folder):
    """A view of a state in which matplotlib draws DRAWN[name] of the run in a folder, at the view's
    time. ParaView has one name for the scripts of all views: which it is, the script's first line
    says."""
    made = simple.CreateView("PythonView")
    made.Script = (f"# {name} of {folder}\nimport nakview\n\n\ndef setup_data(view):\n    pass\n\n\n"
                   "def render(view, width, height):\n    return nakview.draw_sheet(view, width, height)\n")
    return made


DRAWN = {"face": panels.draw_face, "column": panels.draw_inset, "section": panels.draw_section}
runs = {}  # that sheets show, by their folders


def draw_sheet(sheet_view, width, height):
    """The picture of a sheet as VTK's."""
    from paraview import python_view
    name, folder = sheet_view.GetScript().split("\n")[0][2:].split(" of ", 1)
    run = runs.setdefault(folder, nakfield.Run(folder))
    view_time = sheet_view.GetViewTime()
    now = moments.at_time(run, view_time)
    past = [moments.history(run.map, run.table, view_time)] if name == "face" and now.flat else []
    figure = panels.figure_of((width, height))
    DRAWN[name](figure, now, *past)
    return python_view.figure_to_image(figure)


def font(made, size):
    """A size for a view of 1000 x 640, for this one."""
    return max(6, round(size * min(made.ViewSize[0] / 1000, made.ViewSize[1] / 640)))


def write_in(made, text, position, size=16, colour=None):
    """A line of text at a place of the view, (0, 0) to (1, 1)."""
    source = simple.Text(registrationName=f"text {text}")
    source.Text = text
    return place_text(simple.Show(source, made), made, position, size, colour) and source


def place_text(shown, made, position, size, colour=None):
    """Where a text stands, and how it looks."""
    shown.WindowLocation, shown.Position = "Any Location", position
    shown.FontSize, shown.Color = font(made, size), colour or INK
    return shown


class Colours:
    """Colours of one array, those of a map of matplotlib; ends that are fixed, or follow what there
    is now, for a `focus` even on both sides of 1."""

    def __init__(self, array, name, ends=None, focus=False):
        from matplotlib import colormaps
        self.array, self.ends, self.focus = array, ends, focus
        self.table = simple.GetColorTransferFunction(array)
        self.places = np.linspace(0, 1, 65)
        self.shades = colormaps[name](self.places)[:, :3]
        self.table.ColorSpace = "RGB"
        self.table.NanColor = rgb(panels.APART)
        self.table.AutomaticRescaleRangeMode = "Never"  # it would see this rank's cells only

    def follow(self, *ranges):
        """Set the ends to those of ranges (low, high), reduced over the ranks."""
        low, high = self.ends or (min(low for low, _ in ranges), max(high for _, high in ranges))
        log = False
        if low > high:
            return
        if self.focus and not self.ends:
            low, high, log = panels.about_one(low, high)
        high = max(high, low + max(1e-4 * abs(low), 1e-12))
        values = low * (high / low)**self.places if log else low + (high - low) * self.places
        self.table.UseLogScale = 0  # while they are set
        self.table.RGBPoints = np.column_stack([values, self.shades]).ravel().tolist()
        self.table.UseLogScale = int(log)

    def paint(self, source, made, where="CELLS"):
        """Show a source in these colours."""
        shown = simple.Show(source, made)
        shown.Representation = "Surface"
        simple.ColorBy(shown, (where, self.array))
        shown.LookupTable = self.table
        shown.SetScalarBarVisibility(made, False)
        if where == "CELLS":
            shown.Ambient, shown.Diffuse = 1.0, 0.0  # the colours of the bar, whatever the light
        return shown

    def bar(self, made, title, position, length):
        """A scale below the drawing."""
        bar = simple.GetScalarBar(self.table, made)
        bar.Title, bar.ComponentTitle = title, ""
        bar.WindowLocation, bar.Position = "Any Location", position
        bar.Orientation, bar.ScalarBarLength = "Horizontal", length
        bar.ScalarBarThickness = font(made, 12)
        bar.AutomaticLabelFormat, bar.LabelFormat, bar.RangeLabelFormat = 0, "%.3g", "%.3g"
        bar.TitleFontSize = bar.LabelFontSize = font(made, 13)
        bar.TitleColor = bar.LabelColor = INK
        bar.DrawNanAnnotation = 0
        bar.Visibility = 1


def one_colour(shown, colour, opacity=1.0, shine=0.3):
    """Without an array, lit."""
    shown.ColorArrayName = ["CELLS", ""]
    shown.AmbientColor = shown.DiffuseColor = colour
    shown.Ambient, shown.Opacity, shown.Specular, shown.SpecularPower = 0.25, opacity, shine, 40
    return shown


def outline(box, made):
    """The edges of a box, given as lower and upper ends of x, y, z."""
    edges = simple.Box(registrationName=f"edges {box}")
    edges.Center = [0.5 * (low + high) for low, high in box]
    edges.XLength, edges.YLength, edges.ZLength = [high - low for low, high in box]
    shown = simple.Show(edges, made)
    shown.SetRepresentationType("Outline")
    one_colour(shown, INK)


class Picture:
    """A view with a headline and a foot line, colours and words that follow the run, and perhaps a
    sheet of matplotlib beside it."""

    def __init__(self, made, foot, beside=None, width=0.3):
        self.view, self.beside, self.width, self.followed, self.words = made, beside, width, [], []
        self.head = write_in(made, "", [0.02, 0.94])
        write_in(made, foot, [0.02, 0.015], 12)

    def follow(self, colour, source):
        """Have the colours of a source follow what it shows."""
        self.followed.append((colour, source))
        self.look([None])

    def name(self, text, colour, source=None, array=None, least=0.0):
        """Say what has a colour, in a list at the left, while an array of a source exceeds a bound
        somewhere; always without a source."""
        made = write_in(self.view, text, [0, 0], 14, [DARKER * part for part in colour])
        self.words.append((text, made, True, source, array, least))

    def note(self, text, source, array, least=0.0):
        """A line above the foot line, while an array of a source exceeds a bound somewhere."""
        self.words.append((text, write_in(self.view, text, [0.02, 0.045], 12), False, source, array, least))

    def look(self, times):
        """Set all colours and words to what there is at some times."""
        def ranges(source, array):
            for time in times:
                source.UpdatePipeline(*([] if time is None else [time]))
                yield value_range(source, array)

        for colour, source in self.followed:
            colour.follow(*ranges(source, colour.array))
        height = FIRST_NAME
        for text, made, listed, source, array, least in self.words:
            there = source is None or max(high for _, high in ranges(source, array)) > least
            made.Text = text if there else ""
            if listed and there:
                simple.GetRepresentation(made, self.view).Position = [0.02, height]
                height -= NEXT_NAME

    def in_state(self, source, times, headlines):
        """Have a state's headline follow the time of its files."""
        lines = simple.PythonAnnotation(registrationName="headlines", Input=source)
        lines.Expression = f"{headlines!r}[{times!r}.index(time_value)]"
        place_text(simple.Show(lines, self.view), self.view, [0.02, 0.94], 16)

    def in_situ(self, stem, given, grid, face=None):
        """A picture `stem`_*.png each time the script runs: the `options` and the
        `catalyst_execute` of the script."""
        width, height = panels.pixels(given.size)
        self.view.ViewSize = [round((1 - self.width if self.beside else 1) * width), height]

        def execute(info):
            data = nakdata.leaf(grid.GetClientSideObject().GetOutputDataObject(0))
            self.head.Text = headline(nakdata.numbers(data))
            now = None
            if self.beside:
                now = nakdata.moment(nakdata.leaf(face.GetClientSideObject().GetOutputDataObject(0)), data)
            self.look([info.time])
            path = os.path.join(nakdata.folder(), f"{stem}_{info.timestep:06d}.png")
            simple.SaveScreenshot(path, self.view, ImageResolution=[FINER * n for n in self.view.ViewSize],
                                  OverrideColorPalette="WhiteBackground")
            if nakdata.FIRST:
                draw = now and (lambda figure: DRAWN[self.beside](figure, now))
                panels.complete(path, info.time, FINER, draw, width)

        return nakdata.options(given), execute
