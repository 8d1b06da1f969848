"""Commands of nakfield that are written in Python."""
import importlib
import os
import signal
import sys


def command(name, *words):
    """Its exit status.  A reader that has left, as `| head` does, ends it without a word."""
    try:
        try:
            return importlib.import_module(f".{name}", "nakfield").main(words)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        return signal.raise_signal(signal.SIGPIPE)


if __name__ == "__main__":
    sys.exit(command(*sys.argv[1:]))
