# script-version: 2.0
"""Lets a client on the network follow, at a pace that it can."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "scripts" / "catalyst"))
import nakdata  # noqa: E402
import nakview  # noqa: E402

face = nakview.channel("face")
options = nakdata.options(nakdata.arguments())


def catalyst_execute(info):
    time.sleep(0.3)
