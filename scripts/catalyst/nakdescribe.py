"""How the two back ends tell what went wrong in a script."""
import os
import traceback

import vtkmodules

LIBRARIES = (os.path.dirname(os.__file__), os.path.dirname(os.path.dirname(vtkmodules.__file__)), "<")


def describe(error):
    """An exception and the line of the script where it came from."""
    places = [f", {os.path.basename(frame.filename)} line {frame.lineno}"
              for frame in traceback.extract_tb(error.__traceback__)
              if not frame.filename.startswith(LIBRARIES)]
    text = " ".join(f"{type(error).__name__}: {error}".split()).encode("utf-8", "replace").decode()
    return text if isinstance(error, SyntaxError) or not places else text + places[-1]


