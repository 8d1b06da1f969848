"""Run once in the embedded Python, before any script: what goes wrong is kept and told, once.

ParaView prints a traceback on every rank where a script fails, ends the program where one calls
exit(), and aborts it where one opens a window without a display.  Here such things become a text
that the back end asks for.  Comes after nakdescribe.py.
"""
import ctypes
import sys

from paraview import catalyst, servermanager
from paraview.catalyst import v2_internals
from vtkmodules.vtkCommonCore import vtkIntArray
from vtkmodules.vtkCommonDataModel import vtkDataObject
from vtkmodules.vtkParallelCore import vtkCommunicator, vtkMultiProcessController

kept = {"failure": "", "judged": set()}


def failure():
    """What went wrong since the last call, in one line."""
    text, kept["failure"] = kept["failure"], ""
    return text


def guarded(function):
    """The same function; an exception is kept before it is passed on, and exit() is one, too."""
    def call(*arguments):
        try:
            return function(*arguments)
        except (Exception, SystemExit) as error:
            kept["failure"] = describe(error)
            raise RuntimeError("the script failed") from error
    return call


for name in ("import_and_validate", "do_request_data_description", "do_catalyst_initialize",
             "do_catalyst_execute", "do_catalyst_finalize"):
    setattr(v2_internals, name, guarded(getattr(v2_internals, name)))
sys.excepthook = lambda kind, error, trace: None  # the line of describe() says it

# Legacy Catalyst knows no arguments; Catalyst 2 does, and scripts ask for them in the same way.
catalyst.get_args = lambda: list(ARGUMENTS)  # noqa: F821


def everywhere(here):
    """Whether something holds on every rank."""
    mine, least = vtkIntArray(), vtkIntArray()
    mine.InsertNextValue(int(here))
    least.InsertNextValue(0)
    vtkMultiProcessController.GetGlobalController().AllReduce(mine, least, vtkCommunicator.MIN_OP)
    return bool(least.GetValue(0))


def display_works():
    """Whether windows can be opened; a ParaView with EGL or OSMesa needs no display."""
    import vtkmodules.vtkRenderingOpenGL2  # noqa: F401
    from vtkmodules.vtkRenderingCore import vtkRenderWindow
    if vtkRenderWindow().GetClassName() != "vtkXOpenGLRenderWindow":
        return True
    library = ctypes.CDLL("libX11.so.6")
    library.XOpenDisplay.restype = ctypes.c_void_p
    library.XCloseDisplay.argtypes = [ctypes.c_void_p]
    display = library.XOpenDisplay(None)
    if display:
        library.XCloseDisplay(display)
    return bool(display)


def create_view(*arguments, **named):
    if "display" not in kept:
        kept["display"] = everywhere(display_works())
    if not kept["display"]:
        raise RuntimeError(f"it draws, and DISPLAY={os.environ.get('DISPLAY', '')!r} is no display to "
                           "draw on: start the run with scripts/nakfield-insitu")
    return really_create_view(*arguments, **named)


really_create_view = servermanager._create_view
servermanager._create_view = create_view


def names_in(source, port=0):
    """The arrays that a filter or the simulation gives."""
    source.UpdatePipeline()
    information = source.GetDataInformation(port).DataInformation
    names = set()
    for association in (vtkDataObject.POINT, vtkDataObject.CELL):
        attributes = information.GetAttributeInformation(association)
        if attributes:
            names |= {attributes.GetArrayInformation(k).GetName()
                      for k in range(attributes.GetNumberOfArrays())}
    return names


def wishes_of(proxy):
    """Names of the arrays that the properties of a proxy choose."""
    for name in proxy.ListProperties():
        chosen = proxy.GetProperty(name)
        if chosen is None or not chosen.SMProperty.FindDomain("vtkSMArrayListDomain"):
            continue
        if chosen.SMProperty.IsA("vtkSMStringVectorProperty"):
            count = chosen.SMProperty.GetNumberOfElements()
            if count in (2, 5) and chosen.SMProperty.GetElement(count - 1):
                yield name, chosen.SMProperty.GetElement(count - 1)


def selections():
    """Every filter or representation with what it chooses from what: (name, property, array, source)."""
    manager = servermanager.ProxyManager()
    for group in ("sources", "representations"):
        for (name, _), proxy in sorted(manager.GetProxiesInGroup(group).items(), key=lambda item: item[0]):
            source = getattr(proxy, "Input", None)
            if source is not None and hasattr(source, "GetDataInformation"):
                for wish, array in wishes_of(proxy):
                    yield name, wish, array, source


def unknown_arrays():
    """What is asked for and is on no rank, in one line; each wish is judged once, with the first data."""
    found = []
    for name, wish, array, source in selections():
        here = names_in(source)
        if (name, wish, array) in kept["judged"] or everywhere(not here):
            continue
        kept["judged"].add((name, wish, array))
        if everywhere(array not in here):
            found.append(f"there is no field '{array}' for {wish} of {name}; there are "
                         f"{', '.join(sorted(here))}")
    return "; ".join(found)
