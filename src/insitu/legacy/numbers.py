"""Run once in the embedded Python: imports the scripts that need no more than VTK, and calls them.

A script is a module with catalyst_execute(info), as Catalyst knows it; what goes wrong in it becomes
one line of text.  Comes after nakdescribe.py.
"""
import importlib.util

import vtkmodules.vtkCommonDataModel  # noqa: F401  what the channels are made of
import vtkmodules.vtkParallelMPI  # noqa: F401  the controller's class

channels = {}  # of this moment, by name
loaded = {}


class Moment:
    """What catalyst_execute() is handed."""

    def __init__(self, time, timestep):
        self.time, self.timestep, self.cycle = time, timestep, timestep


def load(path):
    """Import a script as a module of its own."""
    spec = importlib.util.spec_from_file_location(f"nakfield_script_{len(loaded)}", path)
    module = importlib.util.module_from_spec(spec)
    loaded[path] = module
    spec.loader.exec_module(module)
    return module


def run(path, data, time, timestep):
    """Call a script; what went wrong in it, in one line."""
    channels.update(data)
    try:
        module = loaded[path] if path in loaded else load(path)
        module.catalyst_execute(Moment(time, timestep))
    except (Exception, SystemExit) as error:
        return describe(error)
    return ""


def forget():
    """The arrays are the simulation's again."""
    channels.clear()


def close():
    """The end of the run: nothing of the scripts outlives the communicator."""
    forget()
    loaded.clear()
