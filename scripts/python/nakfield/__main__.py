"""Commands of nakfield that are written in Python."""
import sys

from . import fit, report, study

COMMANDS = {"study": study.main, "fit": fit.main, "report": report.main}

if __name__ == "__main__":
    sys.exit(COMMANDS[sys.argv[1]](sys.argv[2:]))
