# script-version: 2.0
"""What goes wrong in a script of Catalyst 2 becomes one line, which the program tells.

The back end `catalyst2` runs this script ahead of those of the deck, in the same Python.  ParaView
then leaves out a script that failed, as ever, but without its traceback on every rank.  Where
another program runs the scripts, as catalyst_replay does, nobody tells a line: tracebacks stay.
"""
import os
import pathlib
import sys

from paraview import catalyst
from paraview.catalyst import v2_internals

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import nakdescribe  # noqa: E402

TOLD = "NAKFIELD_INSITU_TOLD"  # in the process's own environment; the program reads it after each moment

options = catalyst.Options()
options.GlobalTrigger = "TimeStep"


def catalyst_execute(info):
    """Comes before the other scripts of a moment: the lines of the moment before are dropped."""
    if TOLD in os.environ:
        os.environ[TOLD] = ""


def guarded(function):
    """The same function; an exception is printed before it is passed on, and exit() is one, too."""
    def call(*arguments):
        try:
            return function(*arguments)
        except (Exception, SystemExit) as error:
            line = f"{v2_internals._get_script_filename()}: {nakdescribe.describe(error)}"
            os.environ[TOLD] = "\n".join(filter(None, [os.environ.get(TOLD, ""), line]))
            raise RuntimeError("the script failed") from error
    return call


if TOLD in os.environ:
    for name in ("import_and_validate", "do_catalyst_initialize", "do_catalyst_execute", "do_catalyst_finalize"):
        setattr(v2_internals, name, guarded(getattr(v2_internals, name)))
    sys.excepthook = lambda kind, error, trace: None  # the line says it
