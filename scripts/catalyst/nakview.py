"""What the scripts of this folder share; copy it along with them.

Every rank runs a script and sees its own cells only: whatever a script decides from the data (a range,
a size) must be reduced over the ranks, or they draw different pictures.
"""
import nakdata
from paraview import simple

try:  # not where a ParaView was built without Catalyst
    from paraview.modules.vtkPVPythonCatalyst import vtkCPPythonScriptV2Helper
    IN_SITU = vtkCPPythonScriptV2Helper.GetActiveInstance() is not None
except ImportError:
    IN_SITU = False

INK = [0.1, 0.1, 0.1]
SIZE = "1200x900"  # of a picture


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


def bounds(producer):
    """Lower and upper ends of x, y, z over all ranks [m]."""
    box = producer.GetDataInformation().GetBounds()
    ends = nakdata.largest([-box[0], box[1], -box[2], box[3], -box[4], box[5]])
    return [(-ends[2 * d], ends[2 * d + 1]) for d in range(3)]


def value_range(source, array):
    """Least and largest value of a cell array over all ranks."""
    found = source.CellData[array] if array in source.CellData.keys() else None
    low, high = found.GetRange() if found else (1e300, -1e300)
    low, high = nakdata.largest([-low, high])
    return -low, high


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


# ---- Pictures ----

def view(size):
    """A white view that looks along an axis, without perspective."""
    made = simple.CreateView("RenderView")
    made.ViewSize = [int(part) for part in size.split("x")]
    made.OrientationAxesVisibility = 0
    made.CameraParallelProjection = 1
    simple.LoadPalette("WhiteBackground")
    return made


def look_from(made, direction, up, centre, half_height):
    """Turn the camera of a view without perspective."""
    made.CameraFocalPoint = centre
    made.CameraPosition = [c + 10 * half_height * d for c, d in zip(centre, direction)]
    made.CameraViewUp = up
    made.CameraParallelScale = half_height


def font(made, size):
    """A size for a view of 900 lines, for this one."""
    return max(6, round(size * made.ViewSize[1] / 900))


def write_in(made, text, position, size=16, colour=None):
    """A line of text at a place of the view, (0, 0) to (1, 1)."""
    source = simple.Text(registrationName=f"text {text}")
    source.Text = text
    shown = simple.Show(source, made)
    shown.WindowLocation = "Any Location"
    shown.Position = position
    shown.FontSize = font(made, size)
    shown.Color = colour or INK
    return source


def headline(run):
    """What the cycler shows at this moment; of a run without a cycler, what there is."""
    text = f"{run['time_s']:.6g} s" if "time_s" in run else f"time {run['time']:.6g}"
    if "liquid" in run:
        text += f"    {run['temperature_K']:.5g} K    liquid {100 * run['liquid']:.3g} %"
    if "voltage_V" in run:
        text += (f"    {run['current_mA_cm2']:.3g} mA/cm\u00b2    {run['voltage_V']:.4g} V    "
                 f"{run['capacity_mAh_cm2']:.3g} mAh/cm\u00b2    contact {100 * run['contact_fraction']:.3g} %")
    return text


class Colours:
    """Colours of one array: fixed ends, or ends that grow with the run and never shrink; maps of
    colours that colour-blind readers and black-and-white paper can tell."""

    def __init__(self, array, preset, ends=None, invert=False):
        self.array, self.ends, self.fixed = array, ends, ends is not None
        self.table = simple.GetColorTransferFunction(array)
        self.table.ApplyPreset(preset, True)
        if invert:
            self.table.InvertTransferFunction()
        self.table.AutomaticRescaleRangeMode = "Never"  # it would see this rank's cells only

    def follow(self, source):
        """Stretch the ends to what is there now."""
        if not self.fixed:
            low, high = value_range(source, self.array)
            if self.ends:
                low, high = min(low, self.ends[0]), max(high, self.ends[1])
            self.ends = (low, high)
        low, high = self.ends
        self.table.RescaleTransferFunction(low, max(high, low + max(1e-4 * abs(low), 1e-6)))

    def paint(self, source, made):
        """Show a source in these colours."""
        shown = simple.Show(source, made)
        shown.Representation = "Surface"
        simple.ColorBy(shown, ("CELLS", self.array))
        shown.LookupTable = self.table
        shown.SetScalarBarVisibility(made, False)
        shown.Ambient, shown.Diffuse = 1.0, 0.0  # the colours of the bar, whatever the light
        return shown

    def bar(self, made, title, position, length):
        """A scale at a place of the view."""
        made_bar = simple.GetScalarBar(self.table, made)
        made_bar.Title, made_bar.ComponentTitle = title, ""
        made_bar.WindowLocation, made_bar.Position = "Any Location", position
        made_bar.Orientation, made_bar.ScalarBarLength = "Vertical", length
        made_bar.ScalarBarThickness = font(made, 12)
        made_bar.AutomaticLabelFormat = 0
        made_bar.LabelFormat = "%.6g"
        made_bar.RangeLabelFormat = "%.5g"
        made_bar.TitleFontSize = made_bar.LabelFontSize = font(made, 14)
        made_bar.TitleColor = made_bar.LabelColor = INK
        made_bar.Visibility = 1


def one_colour(shown, colour):
    """Without an array."""
    shown.ColorArrayName = ["CELLS", ""]
    shown.AmbientColor = shown.DiffuseColor = colour


def outline(box, made):
    """The edges of a box, given as lower and upper ends of x, y, z."""
    edges = simple.Box(registrationName=f"edges {box}")
    edges.Center = [0.5 * (low + high) for low, high in box]
    edges.XLength, edges.YLength, edges.ZLength = [high - low for low, high in box]
    shown = simple.Show(edges, made)
    shown.SetRepresentationType("Outline")
    one_colour(shown, INK)


class Picture:
    """A view with a headline, a foot line, and colours that follow the run."""

    def __init__(self, made, foot):
        self.view, self.followed = made, []
        self.head = write_in(made, "", [0.02, 0.95])
        write_in(made, foot, [0.02, 0.015], 12)

    def follow(self, colour, source):
        """Have the colours of a source stretched to what it shows."""
        colour.follow(source)
        self.followed.append((colour, source))

    def in_state(self, times, headlines):
        """Have a state's headline follow the time of its files."""
        lines = simple.PythonAnnotation(registrationName="headlines", Input=self.followed[0][1])
        lines.Expression = f"{headlines!r}[{times!r}.index(time_value)]"
        shown = simple.Show(lines, self.view)
        shown.WindowLocation, shown.Position = "Any Location", [0.02, 0.95]
        shown.FontSize, shown.Color = font(self.view, 16), INK

    def in_situ(self, stem, given, producer):
        """A picture `stem`_*.png each time the script runs: the `options` and the `catalyst_execute` of
        the script."""
        extractor = simple.CreateExtractor("PNG", self.view, registrationName=f"{stem}.png")
        extractor.Writer.FileName = f"{stem}_{{timestep:06d}}.png"
        extractor.Writer.ImageResolution = self.view.ViewSize
        extractor.Writer.OverrideColorPalette = "WhiteBackground"

        def execute(info):  # before the picture is taken
            data = nakdata.leaf(producer.GetClientSideObject().GetOutputDataObject(0))
            self.head.Text = headline(nakdata.numbers(data))
            for colour, source in self.followed:
                source.UpdatePipeline(info.time)
                colour.follow(source)

        return nakdata.options(given), execute
