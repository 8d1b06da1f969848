"""Commands of nakfield that are written in Python."""
import importlib
import sys

if __name__ == "__main__":
    sys.exit(importlib.import_module(f".{sys.argv[1]}", "nakfield").main(sys.argv[2:]))
