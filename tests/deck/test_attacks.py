#!/usr/bin/env python3
"""The tables of attacks (attacks.py) and of a newcomer's errors (newcomer.txt): exit status and
words of each.

A hang is a failure; so is a status that no error of the user has (1, or a signal).
"""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nakrun  # noqa: E402
from attacks import CHECKS, COMMANDS, DAMAGE, FILES, OVERRIDES, REST, STOPPED, STRIP  # noqa: E402

NEWCOMER = Path(__file__).with_name("newcomer.txt")
SECONDS = 60  # after which an attack has hung the program


class Table(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.deck = self.folder / "deck.yaml"
        self.deck.write_text(REST, encoding="utf-8")

    def call(self, *arguments, ranks=0, leaks=True):
        return nakrun.call(*arguments, ranks=ranks, folder=self.folder, timeout=SECONDS, leaks=leaks)

    def check(self, *overrides):
        """Leaks after errors are looked for in whole command lines."""
        return self.call("check", "deck.yaml", *overrides, leaks=False)

    def attack(self, arguments, status, words, ranks=0):
        name = " ".join(arguments)
        with self.subTest(name if len(name) < 200 else name[:200] + " ..."):
            self.call(*arguments, ranks=ranks).demand(status, words)


class Attacks(Table):
    def test_decks(self):
        for group, rows in CHECKS.items():
            for name, text, status, words in rows:
                with self.subTest(group, name=name):
                    self.deck.write_bytes(text if isinstance(text, bytes) else text.encode())
                    self.check().demand(status, words)

    def test_overrides(self):
        for rows in OVERRIDES.values():
            for entry, status, words in rows:
                with self.subTest(entry[:200]):
                    self.check(entry).demand(status, words)

    def prepare(self):
        for name, content in FILES.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.mkdir(exist_ok=True)
            elif isinstance(content, Path):
                path.symlink_to(content)
            else:
                path.write_text(content, encoding="utf-8", newline="")

    def attack_line(self, line, status, words):
        """`2:` before a line asks for two ranks; settings stand before it as in a shell."""
        ranks, line = (int(line[0]), line[2:]) if line[1:2] == ":" else (0, line)
        arguments, settings = shlex.split(line), {}
        while arguments and re.match(r"[A-Z][A-Z0-9_]*=", arguments[0]):
            key, _, value = arguments.pop(0).partition("=")
            settings[key] = value
        with unittest.mock.patch.dict(os.environ, settings):
            self.attack(arguments, status, words, ranks)

    def test_command_lines(self):
        self.prepare()
        for rows in COMMANDS.values():
            for line, status, words in rows:
                self.attack_line(line, status, words)
                shutil.rmtree(self.folder / "runs", ignore_errors=True)

    def damage(self, rows, *arguments):
        self.call("run", "deck.yaml", "output.directory=whole", "--quiet", *arguments).demand(nakrun.DONE)
        for happen, line, status, words in rows:
            shutil.rmtree(self.folder / "run", ignore_errors=True)
            shutil.copytree(self.folder / "whole", self.folder / "run")
            held = happen(self.folder / "run") if happen is not None else None
            self.attack_line(line, status, words)
            if held is not None:
                held.close()

    def test_damage(self):
        self.damage(DAMAGE)

    def test_damage_of_a_stopped_run(self):
        self.deck.write_text(STRIP, encoding="utf-8")
        self.damage(STOPPED, "--walltime", "0.001s")


class Newcomer(Table):
    def test_each_error_has_place_cause_and_remedy(self):
        decks = re.split(r"^=== ", NEWCOMER.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
        self.assertGreaterEqual(len(decks), 60)
        for head, _, text in (deck.partition("\n") for deck in decks):
            place, cause, remedy = head.split(" | ")
            self.deck.write_text(text.rstrip() + "\n", encoding="utf-8")
            with self.subTest(head):
                said = self.check().demand(nakrun.INPUT).err
                there = [line for line in said.splitlines() if line.startswith(f"deck.yaml:{place}: ")]
                self.assertTrue(any(cause in line and remedy in line for line in there), said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
