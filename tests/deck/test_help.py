#!/usr/bin/env python3
"""`nakfield help`: every command, entry, item, signal, event and message is a topic, with the text
of its source.
"""
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nakrun  # noqa: E402
import yaml  # noqa: E402

def say(*arguments):
    """What the program prints."""
    return nakrun.call(*arguments, ranks=0).demand(nakrun.DONE).out


def helped(topics):
    """What `nakfield help` prints of each topic; all in one process, which ends at the first that
    is not known.
    """
    lines = "".join(f"help\0{topic}\0\0" for topic in topics)
    done = subprocess.run([nakrun.program(), "worker"], input=lines, capture_output=True, text=True, timeout=300,
                          env=nakrun.environment(), check=False)
    if done.returncode != nakrun.DONE:
        raise AssertionError(done.stderr)
    return re.split(r"\0\d+\n", done.stdout)[:-1]


def listed():
    """The topics by their kind."""
    kinds = re.findall(r"(?m)^([a-z ]+):\n((?:    .*\n)+)", say("help"))
    return {kind: re.split(r",\s+", text.strip()) for kind, text in kinds}


class Topics(unittest.TestCase):
    def test_every_topic_of_the_list(self):
        for kind, names in listed().items():
            for name, text in zip(names, helped(names), strict=True):
                with self.subTest(kind, name=name):
                    head = rf"(?m)^  {name}\b" if kind == "deck" else rf"(?m)^(.*\W)?{re.escape(name)}(\W.*)?\({kind}\)$"
                    self.assertRegex(text, head)
                    self.assertGreater(len(text.split()), 3)

    def test_commands(self):
        usage = say("--help")
        commands = dict.fromkeys(re.findall(r"(?m)^  nakfield ([a-z]+)", usage))
        self.assertEqual(list(commands), [name for name in listed()["command"] if "-" not in name])
        for command, text in zip(commands, helped(commands), strict=True):
            for line in re.findall(rf"(?m)^  (nakfield {command}\b.*)$", usage):
                self.assertIn(f"    {line}\n", text)
        self.assertIn("--ranks N", helped(["run"])[0])
        self.assertIn("--retry {failed}", helped(["study"])[0])

    def test_scripts_of_plots(self):
        text = helped(["nakfield-plot"])[0]
        scripts = [*nakrun.TOP.glob("scripts/plot_*.py"), nakrun.TOP / "scripts" / "movie.py"]
        self.assertEqual({path.stem for path in scripts}, set(re.findall(r"(?m)^    Options of (\w+)$", text)))

    def test_entries_have_what_the_schema_says(self):
        manual = dict(re.findall(r"(?m)^  ([\w.]+)\n((?:      .*\n)+)", say("--help-deck")))
        self.assertGreater(len(manual), 200)
        for key, text in zip(manual, helped(manual), strict=True):
            self.assertIn(f"  {key}\n{manual[key]}", text)
        grid = json.loads(say("--help-deck=json"))["properties"]["grid"]["properties"]
        self.assertEqual(re.findall(r"(?m)^  grid\.(\w+)$", helped(["grid"])[0]), list(grid))
        self.assertIn("  interphase.limiting_current\n", helped(["Limiting Current"])[0])

    def test_defaults_in_handy_units(self):
        """A deck that gives the defaults of the help is resolved to what a silent deck is."""
        shown = re.findall(r"(?m)^  ([\w.]+)\n.*\n.*default ([\d.]+ (?:[num]m|mm\^3|nm/s|\S*cm\S*|mol/L))$", say("--help-deck"))
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "deck.yaml").write_text("grid: {nx: 8}\nprotocol: [{rest: 1 s}]\n")

            def resolved(*entries):
                run = nakrun.call("run", "deck.yaml", "--dry-run", *entries, folder=folder)
                deck = yaml.safe_load(run.demand(nakrun.DONE).out)
                return {f"{section}.{entry}": text for section, entries in deck.items() if isinstance(entries, dict)
                        for entry, text in entries.items()}
            silent = resolved()
            given = {key: text for key, text in reversed(shown) if key in silent}  # those of a cell come first
            self.assertGreater(len(given), 20)
            spoken = resolved(*(f"{key}={text}" for key, text in given.items()))
        for key in given:
            (a, unit), (b, same) = silent[key].split(), spoken[key].split()
            self.assertEqual(same, unit)
            self.assertAlmostEqual(float(b) / float(a), 1, delta=1e-12)

    def test_words_of_a_protocol(self):
        """The program names all that it knows in its errors."""
        with tempfile.TemporaryDirectory() as folder:
            deck = Path(folder, "deck.yaml")
            deck.write_text("protocol:\n  - hold: 1 s\n  - {rest: , until: nothing > 1}\n  - {rest: , until: nothing}\n")
            said = nakrun.call("check", deck, ranks=0).demand(nakrun.INPUT).err
        kinds = listed()
        for kind, words in (("protocol item", r"'protocol.0.hold'; it must be (.*)"), ("signal", r"'nothing'; known are (.*)"),
                            ("event", r"or an event: (.*)")):
            known = re.split(", | or ", re.search(words, said)[1])
            self.assertGreater(len(known), 8)
            self.assertLessEqual(set(known), set(kinds[kind]), kind)

    def test_kinds(self):
        self.assertEqual(re.findall(r"(?m)^(\w+) \(signal\)$", helped(["signals"])[0])[:2], ["voltage", "current"])
        self.assertEqual(len(re.findall(r"\(exit status\)", say("help", "exit", "status"))), 6)


class Messages(unittest.TestCase):
    def test_every_message_that_is_pasted(self):
        families = yaml.safe_load((nakrun.TOP / "docs" / "messages.yaml").read_text(encoding="utf-8"))
        family_of = {" ".join(text.split()): family["texts"] for families_of in families.values()
                     for family in families_of for text in family["texts"]}
        texts = [text for text in family_of if len(re.sub(r"[ …]", "", text)) > 20]
        pasted = [f"nakfield: deck.yaml:1:2: {text.replace('…', 'grid.nx 8')}" for text in texts]
        for text, printed in zip(texts, helped(pasted), strict=True):
            self.assertIn(text, printed.splitlines())
            self.assertRegex(printed, r"(?s)\n    [\w`].*\n    Try: ")

    def test_a_part_that_is_pasted(self):
        """From the middle of a message, with what the program has filled in."""
        families = yaml.safe_load((nakrun.TOP / "docs" / "messages.yaml").read_text(encoding="utf-8"))
        parts = {}
        for text in (" ".join(text.split()) for groups in families.values() for group in groups for text in group["texts"]):
            words = text.split(" ")
            part = " ".join(words[len(words) // 5:-(len(words) // 5) or None])
            if len(re.sub(r"[ …]", "", part)) > 20:
                parts[text] = part.replace("…", "grid.nx 8")
        for text, printed in zip(parts, helped(list(parts.values())), strict=True):
            self.assertIn(text, printed.splitlines())

    def test_some_words(self):
        text = say("help", "decimal", "COMMA")
        self.assertIn("write a decimal point, not a comma\n", text)
        self.assertIn("Try: ", text)
        many = say("help", "above 0")
        self.assertIn("a whole message, also bring", many)
        self.assertNotIn("Try: ", many)


class Refusals(unittest.TestCase):
    def test_the_nearest_are_named(self):
        for topic, near in (("voltag", "voltage"), ("interphase.thicknes", "interphase.thickness"),
                            ("limitng_current", "limiting_current, limiting current"), ("imped4nce", "impedance")):
            message = f"^nakfield: no topic and no message is like '{topic}'; near are: {near}"
            nakrun.call("help", topic, ranks=0).demand(nakrun.INPUT, message)
        nakrun.call("help", "zzzzqqqq", ranks=0).demand(nakrun.INPUT, "nakfield help lists the topics")

    def test_ranks_speak_once(self):
        done = nakrun.call("help", "wetted", ranks=2).demand(nakrun.DONE)
        self.assertEqual(done.out, say("help", "wetted"))
        done = nakrun.call("help", "weted", ranks=2).demand(nakrun.INPUT)
        self.assertEqual(done.err.count("near are: wetted"), 1)

    def test_long_topics(self):
        for topic in ("x" * 100000, "qz " * 30000, "\x1b[31m", "…" * 2000):
            nakrun.call("help", topic, ranks=0).demand(nakrun.INPUT, "^nakfield: no topic")


if __name__ == "__main__":
    unittest.main(verbosity=2)
