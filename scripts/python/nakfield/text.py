"""YAML read as text, each piece with its line; quantities; errors that name the place.

A scalar stays the text that was written (`1:30` and `no` are no numbers), and anchors, tags and
duplicate keys are refused.
"""
import math
import pathlib
import re

import yaml

NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*$")


class InputError(Exception):
    """Errors of the user, one a line: `file:line: message`."""


class Text(str):
    """A scalar; `line` is where it stands."""

    line = 0


class Map(dict):
    """A map; `line`, and in `lines` that of each key."""

    line, lines = 0, {}


class List(list):
    """A list; `line`."""

    line = 0


def _refuse(path, mark, what):
    raise InputError(f"{path}:{mark.line + 1}: {what}")


def _piece(path, node):
    if isinstance(node, yaml.ScalarNode):
        piece = Text(node.value)
    elif isinstance(node, yaml.SequenceNode):
        piece = List(_piece(path, item) for item in node.value)
    else:
        piece = Map()
        piece.lines = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                _refuse(path, key.start_mark, "a key must be a word")
            if key.value in piece:
                _refuse(
                    path,
                    key.start_mark,
                    f"{key.value} appears twice, first in line " f"{piece.lines[key.value]}",
                )
            piece[key.value] = _piece(path, value)
            piece.lines[key.value] = key.start_mark.line + 1
    piece.line = node.start_mark.line + 1
    return piece


def read_yaml(path):
    """The map in a file."""
    try:
        return parse_yaml(pathlib.Path(path).read_text(encoding="utf-8"), path)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8") from None


def parse_yaml(text, path):
    """The map in a text that stands in `path`."""
    try:
        for event in yaml.parse(text):
            if getattr(event, "anchor", None) is not None:
                _refuse(
                    path,
                    event.start_mark,
                    "anchors and aliases (& and *) are not taken: write it out",
                )
            if getattr(event, "tag", None) is not None:
                _refuse(path, event.start_mark, f"the tag {event.tag} is not taken: leave it out")
        node = yaml.compose(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        raise InputError(f"{path}{line}: {getattr(error, 'problem', error)}") from None
    if not isinstance(node, yaml.MappingNode):
        raise InputError(f"{path}:1: expected a map, `key: value` a line")
    return _piece(path, node)


def entries(piece, before=""):
    """Keys with dots, and texts, of all scalars in a map or a list."""
    if isinstance(piece, Map):
        pairs = piece.items()
    else:
        pairs = ((str(k), item) for k, item in enumerate(piece))
    for key, value in pairs:
        if isinstance(value, (Map, List)):
            yield from entries(value, f"{before}{key}.")
        else:
            yield before + key, str(value)


class Form:
    """Takes a map apart and collects what is wrong with it."""

    def __init__(self, path):
        self.path, self.errors = path, []

    def error(self, piece, what):
        line = piece if isinstance(piece, int) else getattr(piece, "line", 0)
        self.errors.append(f"{self.path}:{line}: {what}")

    def raise_errors(self):
        if self.errors:
            raise InputError("\n".join(self.errors))

    def known(self, piece, words):
        """Whether `piece` is a map of known keys only."""
        if not isinstance(piece, Map):
            self.error(piece, f"expected a map of {', '.join(words)}")
            return False
        for key in piece:
            if key not in words:
                self.error(piece.lines[key], f"unknown key '{key}'; known are {', '.join(words)}")
        return all(key in words for key in piece)

    def text(self, piece):
        if not isinstance(piece, Text):
            self.error(piece, "expected one value, not a list or a map")
            return ""
        return str(piece)

    def whole(self, piece, low, high):
        """A whole number within bounds, or `low`."""
        text = self.text(piece)
        if re.fullmatch(r"\d+", text) and low <= int(text) <= high:
            return int(text)
        self.error(piece, f"expected a whole number from {low} to {high}, not '{text}'")
        return low

    def quantity(self, piece):
        """Number and unit of `3 mA/cm^2`; (nan, "") for an error."""
        match = NUMBER.match(self.text(piece))
        if match and math.isfinite(float(match[1])):
            return float(match[1]), match[2]
        self.error(piece, f"expected a number with its unit, not '{piece}'")
        return math.nan, ""


def show(value, unit):
    """A quantity as text that gives the same number again."""
    number = repr(float(value))
    number = number[:-2] if number.endswith(".0") else number
    return f"{number} {unit}".rstrip()
