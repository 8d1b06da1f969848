#!/usr/bin/env python3
"""nakfield study and nakfield worker, as a user calls them; the parts that they are made of."""
import csv
import itertools
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import unittest
import warnings
from pathlib import Path

import numpy as np
import scipy.stats

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nakrun  # noqa: E402
from nakrun import nakfield  # noqa: E402
from nakfield import collect, effects, plan, ranges, statistics, store, text  # noqa: E402

DECK = """title: study's
solver: {first_step: 0.2 s}
protocol:
  - {strip: 0.5 mA/cm^2, for: 20 s, until: voltage > 0.2 V}
"""


def study(folder, *arguments, status=nakrun.DONE, message=None, **settings):
    """Call `nakfield study study.yaml`."""
    done = subprocess.run(
        [nakrun.program(), "study", "study.yaml", "-j", "2", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=nakrun.environment(),
        **settings,
    )
    nakrun.Output(["study"], done).demand(status, message)
    return done


def results(folder):
    with open(Path(folder, "out", "results.csv"), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Folder(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = Path(place.name)
        (self.place / "deck.yaml").write_text(DECK)

    def write(self, text_):
        (self.place / "study.yaml").write_text("deck: deck.yaml\noutput: out\n" + text_)


class Studies(Folder):
    def test_product(self):
        """Every sample is the single run of its entries; what fails is a row, too."""
        self.write(
            "vary:\n  interphase.diffusion_time: {times: [0.5, 1]}\n"
            "  protocol.0.strip: [0.3 mA/cm^2, 2 mA/cm^2]\n"
            "  solver.shortest_step: [1 ms, 0.1 s]\n"
            "collect:\n  at: time when voltage > 0.1 V\n  charge: capacity at end\n"
        )
        study(self.place, message=r"8 samples: .* completed, .* condition, .* failed")
        rows = results(self.place)
        self.assertEqual(
            [row["interphase.diffusion_time"] for row in rows], ["3.75 s"] * 4 + ["7.5 s"] * 4
        )
        self.assertEqual({row["status"] for row in rows}, {"completed", "condition", "failed"})
        self.assertEqual((self.place / "out" / "original.yaml").read_text(), DECK)
        with open(self.place / "out" / "samples.csv", newline="", encoding="utf-8") as file:
            names = [row["name"] for row in csv.DictReader(file)]
        for row, name in zip(rows, names):
            folder = self.place / "out" / "samples" / name
            if row["status"] == "failed":
                self.assertIn("gave up", row["end"])
                self.assertIn("exit status 3", (folder / "error.txt").read_text())
                self.assertTrue((folder / "log.txt").is_file())
                continue
            self.assertEqual(
                sorted(path.name for path in folder.iterdir()),
                ["overrides.yaml", "resolved.yaml", "summary.json", "timeseries.csv"],
            )
            settings = [
                f"{key}={row[key]}"
                for key in ("interphase.diffusion_time", "protocol.0.strip", "solver.shortest_step")
            ]
            nakrun.call(
                "run",
                "deck.yaml",
                *settings,
                "output.directory=one",
                "--replace",
                "--quiet",
                ranks=0,
                folder=self.place,
            ).demand(nakrun.DONE)
            self.assertEqual(
                (folder / "timeseries.csv").read_bytes(),
                (self.place / "one" / "timeseries.csv").read_bytes(),
            )
            summary = json.loads((self.place / "one" / "summary.json").read_text())
            self.assertEqual(float(row["charge_mAh_cm2"]), summary["capacity_mAh_cm2"])
        read = nakfield.Study(self.place / "out")
        self.assertEqual(
            read.values("interphase.diffusion_time")[0].tolist(), [3.75] * 4 + [7.5] * 4
        )
        self.assertEqual(read.results["charge_mAh_cm2"][0], read.run(0).summary["capacity_mAh_cm2"])
        before = (self.place / "out" / "results.csv").read_bytes()
        (self.place / "out" / "results.csv").unlink()
        study(self.place)
        self.assertEqual((self.place / "out" / "results.csv").read_bytes(), before)
        failed = [names[k] for k, row in enumerate(rows) if row["status"] == "failed"]
        times = {name: (self.place / "out/samples" / name).stat().st_mtime_ns for name in names}
        study(self.place, "--retry", "failed")
        anew = [
            name
            for name in names
            if (self.place / "out/samples" / name).stat().st_mtime_ns != times[name]
        ]
        self.assertEqual(sorted(set(anew)), sorted(set(failed)))

    def test_draws_go_on(self):
        """A title may hold anything: the page shows it as text."""
        self.write(
            "title: </title><img onerror=x>\ncollect: {highest: max voltage}\n"
            "how: {lhs: 4}\nseed: 3\nseeds: 7..8\nvary:\n"
            "  interphase.exponent: {from: 2, to: 3}\n  interphase.film_rate: {from: 1e-6 1/s, "
            "to: 1e-4 1/s, scale: log}\n"
        )
        study(self.place)
        first = results(self.place)
        self.assertEqual(len(first), 8)
        self.assertEqual(len({row["interphase.exponent"] for row in first}), 4)
        self.assertEqual([row["seeds"] for row in first], ["7", "8"] * 4)
        study(self.place, "--more", "2", "--page", message="12 samples")
        page = (self.place / "out" / "page.html").read_text(encoding="utf-8")
        self.assertIn("&lt;/title&gt;&lt;img onerror=x&gt;", page)
        self.assertEqual(re.findall("<img|<script|https?://(?!www.w3.org)", page), [])
        self.assertIn("default-src 'none'", page)
        with open(self.place / "out" / "statistics.csv", newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
        highest = [float(row["highest_V"]) for row in results(self.place)]
        found = {line["statistic"]: float(line["value"]) for line in lines}
        self.assertAlmostEqual(found["mean"], np.mean(highest), 8)
        self.assertAlmostEqual(found["greatest"], max(highest), 8)
        self.assertEqual(
            [line["entry"] for line in lines if line["statistic"] == "rank correlation"],
            ["interphase.exponent", "interphase.film_rate"],
        )
        self.assertEqual(
            [r["interphase.exponent"] for r in results(self.place)[:8]],
            [r["interphase.exponent"] for r in first],
        )
        study(self.place, message="12 samples")

    def test_two_at_once(self):
        """Two processes in one folder compute each sample once."""
        self.write("vary:\n  interphase.exponent: {from: 2, to: 3, count: 20}\n")
        command = [nakrun.program(), "study", "study.yaml", "-j", "1", "--quiet"]
        both = [
            subprocess.Popen(command, cwd=self.place, env=nakrun.environment()) for _ in range(2)
        ]
        self.assertEqual([process.wait(100) for process in both], [0, 0])
        self.assertEqual([row["status"] for row in results(self.place)], ["completed"] * 20)
        self.assertEqual(os.listdir(self.place / "out" / "work"), [])
        self.assertEqual(os.listdir(self.place / "out" / "claims"), [])

    def test_errors(self):
        """Nothing starts; each error has its place."""
        for body, message in (
            (
                "vary: {interphase.exponnt: [1, 2]}\nset: {cell.area: 3 s}",
                r"study.yaml:3: unknown key 'interphase.exponnt'.*\nstudy.yaml:4: cell.area",
            ),
            ("vary: {interphase.exponent: [2, 2.5]}\nhwo: zip", r"study.yaml:4: unknown key 'hwo'"),
            ("vary: {interphase.exponent: &x [2]}", r"study.yaml:3: anchors"),
            (
                "vary:\n  title: [a]\n  title: [b]",
                r"study.yaml:5: title appears twice, first in line 4",
            ),
            (
                "vary: {title: [a]}\ncollect: {x: volts at end 3}",
                r"study.yaml:4: 'volts at end 3' is not a number of a run",
            ),
            (
                "vary: {title: [a]}\ncollect: {x: volts at end}",
                r"study.yaml:4: the run has no column",
            ),
            ("vary: {title: {times: [2]}}", r"study.yaml:3: the deck has no number title"),
            ("vary: {title: [a]}\nseeds: 1:30", r"study.yaml:4: seeds must be like 1..5"),
        ):
            with self.subTest(message):
                self.write(body + "\n")
                study(self.place, "--dry-run", status=nakrun.INPUT, message=message)
                self.assertFalse((self.place / "out").exists())

    def test_warnings(self):
        """Each is printed once, whatever the number of samples."""
        (self.place / "deck.yaml").write_text(
            "limits: {voltage_min: -0.011 V}\n"
            "protocol: [{plate: 0.1 mA/cm^2, until: k_film > 0.5}]\n"
        )
        self.write("vary: {interphase.exponent: [2, 2.1, 2.2, 2.3]}\n")
        done = study(self.place, "--dry-run", message="never ends")
        self.assertEqual(done.stderr.count("warning: "), 1, done.stderr)

    def test_another_study_is_refused(self):
        self.write("vary: {interphase.exponent: [2, 2.5]}\n")
        study(self.place, "--dry-run", message=r"# 2 samples, 2 of them different; .* core-hours")
        study(self.place)
        (self.place / "deck.yaml").write_text(DECK.replace("20 s", "21 s"))
        study(self.place, status=nakrun.INPUT, message="samples.csv is of another study")
        (self.place / "deck.yaml").write_text(DECK)
        study(self.place)
        (self.place / "out" / "program.txt").write_text("nakfield 0.0.1\n")
        study(self.place, status=nakrun.INPUT, message="another build of the program")

    def test_no_room(self):
        """Status 4 with the claims given back; it goes on when there is room."""
        self.write("vary: {interphase.exponent: [2, 2.5]}\n")
        study(
            self.place,
            status=nakrun.OUTPUT,
            message="cannot write .*the same command continues",
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
        )
        self.assertEqual(os.listdir(self.place / "out" / "claims"), [])
        study(self.place)
        self.assertEqual([row["status"] for row in results(self.place)], ["completed"] * 2)


class Parts(Folder):
    """The package itself."""

    def plan(self, body):
        self.write(body)
        found = plan.Plan(self.place / "study.yaml", lambda key: (2.0, "s") if key == "t" else None)
        found.read()
        return found

    def test_combinations(self):
        lists = "vary: {a: [1, 2, 3], t: {times: [1, 0.5]}}"
        pairs = [list(pair) for pair in itertools.product(["1", "2", "3"], ["2 s", "1 s"])]
        self.assertEqual(self.plan(lists).rows(), pairs)
        self.assertEqual(
            self.plan(lists + "\nhow: one_at_a_time").rows(),
            [["1", "2 s"], ["2", "2 s"], ["3", "2 s"], ["1", "1 s"]],
        )
        self.assertEqual(
            self.plan("vary: {a: [1:30, no], b: [2, 3]}\nhow: zip\nseeds: 1..2").rows(),
            [["1:30", "2", "1"], ["1:30", "2", "2"], ["no", "3", "1"], ["no", "3", "2"]],
        )
        (self.place / "t.csv").write_text("a,b\n1 V,2\n3 V,4\n")
        found = self.plan("vary: t.csv\nhow: table")
        self.assertEqual((found.keys, found.rows()), (["a", "b"], [["1 V", "2"], ["3 V", "4"]]))
        self.assertEqual(
            self.plan("vary: {a: {from: 1 m, to: 100 m, count: 3, scale: log}}").rows(),
            [["1 m"], ["10 m"], ["100 m"]],
        )

    def test_changes_one_at_a_time(self):
        """Against the first values of all, averaged over seeds; a value again is no change."""
        found = self.plan("vary: {a: [1, 2, 1], t: {times: [1, 0.5]}}\nhow: one_at_a_time\nseeds: 1..2")
        heading = ["sample", "status", "end", "run", "a", "t", "seed", "number"]
        ends = [5, 7, 8, 9, 5, 7, 1, "nan"]
        lines = [heading] + [["", "", "", "", *row, str(end)] for row, end in zip(found.rows(), ends)]
        figures = statistics.analyse(found, 0, lines)
        self.assertEqual([line for line in figures if line[1] == "change"],
                         [["number", "change", "a", "2", "2.5", "", ""], ["number", "change", "t", "1 s", "", "", ""]])
        self.assertEqual(list(statistics.changes(figures)),
                         ["number: a of 2 changes it by 2.5", "number: t of 1 s changes it by an unknown amount"])

    def test_draws(self):
        """A Latin hypercube has one point in each layer, Sobol's points fill their boxes, and a
        trajectory of Morris moves every entry once by two thirds."""
        two = "vary: {a: {from: 0, to: 1}, b: {from: 0, to: 1}}\nseed: 5\nhow: "
        lhs = self.plan(two + "{lhs: 10}").points(0, 10)
        self.assertEqual(
            np.sort((10 * lhs).astype(int), axis=0).tolist(), [[k, k] for k in range(10)]
        )
        sobol = self.plan(two + "{sobol: 16}")
        cells = {tuple(cell) for cell in (4 * sobol.points(0, 16)).astype(int).tolist()}
        self.assertEqual(len(cells), 16)
        self.assertEqual(sobol.points(0, 48)[16:].tolist(), sobol.points(16, 32).tolist())
        sets = self.plan(two + "{sobol: 4, indices: yes}").points(0, 4).reshape(4, 4, 2)
        for a, b, first, second in sets.tolist():
            self.assertEqual((first, second), ([b[0], a[1]], [a[0], b[1]]))
        for path in self.plan(two + "{morris: 6}").points(0, 6).reshape(6, 3, 2):
            moves = np.abs(np.diff(path, axis=0))
            self.assertTrue(np.allclose(moves.sum(axis=0), 2 / 3))
            self.assertTrue(np.allclose(moves.max(axis=1), 2 / 3))
            self.assertTrue((path >= 0).all() and (path <= 1 + 1e-12).all())

    def test_numbers(self):
        """Of a table written by hand."""
        (self.place / "timeseries.csv").write_text(
            "time_s,voltage_V,capacity_mAh_cm2,contact_fraction\n0,1,0,1\n2,2,4,0.5\n4,4,6,0.75\n"
        )
        (self.place / "summary.json").write_text(
            json.dumps(
                {
                    "capacity_mAh_cm2": 6.5,
                    "na_left_mAh_cm2": 50,
                    "critical_current_mA_cm2": 0.8,
                    "half_cycles": [{"capacity_mAh_cm2": 1}, {"capacity_mAh_cm2": -2}],
                    "events": [{"time_s": 3, "capacity_mAh_cm2": 5, "event": "contact_half"}],
                }
            )
        )
        (self.place / "impedance.csv").write_text(
            "time_s,step,frequency_Hz,z_re_ohm_cm2,z_im_ohm_cm2\n4,0,100,3,-4\n4,0,1,5,-2\n"
        )
        (self.place / "drt.csv").write_text(
            "time_s,step,tau_s,gamma_ohm_cm2\n4,0,1,2\n4,0,2,7\n4,0,3,1\n"
        )
        run = nakfield.Run(self.place)
        for wanted, value, unit in (
            ("capacity at end", 6.5, "mAh/cm^2"),
            ("voltage at end", 4, "V"),
            ("min contact", 0.5, ""),
            ("max voltage", 4, "V"),
            ("mean voltage", 2.25, "V"),
            ("start voltage", 1, "V"),
            ("voltage at 1 s", 1.5, "V"),
            ("capacity when voltage > 3 V", 5, "mAh/cm^2"),
            ("time when contact < 0.75", 1, "s"),
            ("time of contact_half", 3, "s"),
            ("capacity of contact_half", 5, "mAh/cm^2"),
            ("na_left", 50, "mAh/cm^2"),
            ("critical_current", 0.8, "mA/cm^2"),
            ("capacity of half-cycle 0", 1, "mAh/cm^2"),
            ("capacity of half-cycle last", -2, "mAh/cm^2"),
            ("Re Z at 10 Hz", 4, "ohm.cm^2"),
            ("Im Z at 100 Hz of spectrum 0", -4, "ohm.cm^2"),
            ("|Z| at 100 Hz", 5, "ohm.cm^2"),
            ("peak tau", 2, "s"),
            ("peak gamma", 7, "ohm.cm^2"),
        ):
            number = collect.parse(wanted)
            self.assertAlmostEqual(number.of_run(run), value, 12, wanted)
            self.assertEqual(number.unit, unit, wanted)
        for absent in (
            "time when voltage > 5 V",
            "voltage at 5 s",
            "time of filament",
            "collapse_current",
            "capacity of half-cycle 2",
            "Re Z at 10 Hz of spectrum 1",
        ):
            self.assertTrue(np.isnan(collect.parse(absent).of_run(run)), absent)

    def test_events_are_those_of_the_manual(self):
        page = (nakrun.TOP / "docs" / "protocol.md").read_text(encoding="utf-8")
        table = page.partition("| event | happens when |")[2].partition("\n\n")[0]
        self.assertEqual(sorted(re.findall(r"`(\w+)`(?=[^|]*\| )", table)), sorted(collect.EVENTS))

    def test_claims(self):
        one, two = store.Store(self.place), store.Store(self.place)
        self.assertTrue(one.claim("a"))
        self.assertFalse(two.claim("a"))
        one.release("a")
        self.assertTrue(two.claim("a"))
        host, _, started, nonce = two.me.split()
        claims = self.place / "claims"
        (claims / "dead").write_text(f"{host} 999999999 {started} {nonce}\n")
        self.assertTrue(one.claim("dead"))
        other = claims / "elsewhere"
        other.write_text(f"another-{host} 1 2 3\n")
        self.assertFalse(one.claim("elsewhere"))
        os.utime(other, (other.stat().st_mtime - store.STALE - 1,) * 2)
        self.assertTrue(one.claim("elsewhere"))
        (one.begin("a") / "checkpoint").mkdir(parents=True)
        self.assertTrue((two.begin("a") / "checkpoint").is_dir())
        two.finish("a", two.begin("a"))
        again = one.begin("a")
        again.mkdir()
        one.finish("a", again)
        self.assertEqual((one.done(), again.exists()), ({"a"}, False))
        self.assertFalse(one.claim("a"))
        self.assertEqual(store.link("x", self.place / "f"), "x")
        self.assertEqual(store.link("y", self.place / "f"), "x")

    def test_yaml_is_text(self):
        (self.place / "t.yaml").write_text("a: 1:30\nb: no\nc: [1e3, {d: 0x10}]\n")
        self.assertEqual(
            text.read_yaml(self.place / "t.yaml"),
            {"a": "1:30", "b": "no", "c": ["1e3", {"d": "0x10"}]},
        )
        for bad in (
            "- a\n",
            "a: !!python/object:os.system x\n",
            "a: [\n",
            "[a]: b\n",
            "a: b\na: c\n",
        ):
            (self.place / "t.yaml").write_text(bad)
            with self.assertRaisesRegex(text.InputError, r"t.yaml:\d+: "):
                text.read_yaml(self.place / "t.yaml")


class Fits(Folder):
    DECK = """impedance: {frequency_max: 1 kHz, frequency_min: 1 Hz}
protocol:
  - impedance:
  - {strip: 0.5 mA/cm^2, for: 30 s}
"""
    FIT = """output: out
parameters:
  interphase.diffusion_time: {start: 3 s, from: 1 s, to: 50 s, scale: log}
  kinetics.charge_transfer_resistance:
    {start: 18e-3 ohm.m^2, from: 1e-3 ohm.m^2, to: 0.1 ohm.m^2, scale: log}
data:
  course: {deck: deck.yaml, voltage: v.csv, sigma: 0.0005 V}
  arc: {deck: deck.yaml, spectrum: z.csv, area: 0.385 cm^2, sigma: 0.01}
  high: {deck: deck.yaml, number: max voltage, below: 1 V, sigma: 0.1 V}
  later: {deck: deck.yaml, use: check, number: voltage at end, value: 0.2 V, sigma: 0.1 V}
"""

    def fit(self, status=nakrun.DONE, message=None, options=()):
        done = subprocess.run(
            [nakrun.program(), "fit", "fit.yaml", "-j", "2", *options],
            cwd=self.place,
            text=True,
            capture_output=True,
            timeout=200,
            check=False,
            env=nakrun.environment(),
        )
        return nakrun.Output(["fit"], done).demand(status, message)

    def measure(self):
        """A run with 9 s and 6 mohm.m2, with noise, as instruments write it."""
        (self.place / "deck.yaml").write_text(self.DECK)
        nakrun.call(
            "run",
            "deck.yaml",
            "interphase.diffusion_time=9 s",
            "output.directory=truth",
            "kinetics.charge_transfer_resistance=6e-3 ohm.m^2",
            "--quiet",
            ranks=0,
            folder=self.place,
        ).demand(nakrun.DONE)
        run, random = nakfield.Run(self.place / "truth"), np.random.default_rng(6)
        time = np.arange(0.5, 30)
        voltage = np.interp(time, run.table["time_s"], run.table["voltage_V"])
        voltage += random.normal(0, 0.0005, time.size)
        z, frequency = run.spectra[0].z / 0.385, run.spectra[0].frequency
        z = z + abs(z) * (random.normal(0, 0.01, (2, z.size)).T @ (1, 1j))
        lines = [f"{t},{v}" for t, v in zip(time, voltage)]
        (self.place / "v.csv").write_text("Test Time / s,Voltage / V\n" + "\n".join(lines) + "\n")
        lines = [f"{f},{v.real},{v.imag}" for f, v in zip(frequency, z)]
        (self.place / "z.csv").write_text(
            "Frequency / Hz,Real Impedance / ohm,Imaginary Impedance / ohm\n"
            + "\n".join(lines)
            + "\n"
        )

    def test_made_up_data(self):
        """From starts off by a factor of 3, truth is in the intervals; again costs no run."""
        self.measure()
        (self.place / "fit.yaml").write_text(self.FIT)
        first = self.fit(message=r"interphase.diffusion_time = \S+ s \(\S+ to \S+\)")
        with open(self.place / "out" / "fit.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        for row, truth in zip(rows, (9, 6e-3)):
            self.assertTrue(float(row["low"]) < truth < float(row["high"]), row)
            self.assertLess(float(row["high"]) / float(row["low"]), 1.3)
        with open(self.place / "out" / "residuals.csv", newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
        fitted = [float(line["residual"]) for line in lines if line["use"] == "fit"]
        self.assertTrue(0.5 < np.std(fitted) < 1.5, np.std(fitted))
        self.assertEqual([line["data"] for line in lines if line["use"] == "check"], ["later"])
        self.assertEqual([line["residual"] for line in lines if line["data"] == "high"], ["0"])
        nakrun.call("check", "out/best-course.yaml", ranks=0, folder=self.place).demand(nakrun.DONE)
        before = os.listdir(self.place / "out" / "samples")
        self.assertEqual(self.fit().out, first.out)
        self.assertEqual(os.listdir(self.place / "out" / "samples"), before)
        self.fit(options=["--profiles", "--pictures"])
        for name in ("residuals-course", "residuals-arc", "residuals-numbers", "profiles"):
            picture = (self.place / "out" / f"{name}.png").read_bytes()
            self.assertEqual(picture[:4], b"\x89PNG", name)
        for row in self.table("fit.csv"):  # nearly straight: both intervals are the same
            for end in ("low", "high"):
                ends = float(row[end]), float(row[f"profile_{end}"])
                self.assertAlmostEqual(ends[0] / ends[1], 1, delta=0.05)
        along = [row for row in self.table("profiles.csv") if "time" in row["along"]]
        squares = [float(row["sum_of_squares"]) for row in along]
        self.assertEqual(len(along), 9)
        self.assertEqual(int(np.argmin(squares)), 4)
        self.assertGreater(min(squares[0], squares[-1]), min(squares) + 8)
        with self.assertRaisesRegex(nakfield.ReadError, "out is a fit: nakfield fit --pictures draws it"):
            nakfield.Run(self.place / "out")

    RANGES = """output: out
parameters:
  kinetics.charge_transfer_resistance:
    {start: 50 ohm.cm^2, from: 10 ohm.cm^2, to: 200 ohm.cm^2, own: yes, of: [low, high]}
  lasts: {key: interphase.film_dissolution_time, start: 7.4 s, from: 5 s, to: 10 s}
  protocol.0.for: {tied: lasts, factor: 2}
data:
  low:
    {deck: deck.yaml, set: {protocol.0.strip: 0.3 mA/cm^2}, number: voltage at 9 s, value: 0.1 V,
     tolerance: 0.005 V}
  high: {deck: deck.yaml, number: voltage at 9 s, value: 0.18 V, tolerance: 0.005 V}
  lasting: {deck: deck.yaml, number: time at end, value: 15 s, tolerance: 1 s}
  odd: {deck: deck.yaml, number: capacity at end, over: low, above: 9, tolerance: 1}
  seen: {deck: deck.yaml, use: check, number: max voltage, minus: start voltage}
"""

    def table(self, name):
        with open(self.place / "out" / name, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def test_ranges(self):
        """Figures with a tolerance; a set's own parameter, a tied entry, a figure out of reach."""
        (self.place / "fit.yaml").write_text(
            self.RANGES.replace("over: low", "over: time at end").replace("above: 9, ", "")
            .replace("odd: {deck", "odd: {use: check, deck")
        )
        self.fit(nakrun.INPUT, "fit.yaml:13: 'time at end' is in 's'")
        body = self.RANGES.replace("over: low", "over: capacity at end")
        (self.place / "fit.yaml").write_text(body)
        self.fit(message=r"odd cannot be met together with the others, .* it is 8 tolerances off")
        rows = {row["parameter"]: row for row in self.table("fit.csv")}
        own = [f"kinetics.charge_transfer_resistance of {name}" for name in ("low", "high")]
        self.assertEqual(sorted(rows), sorted([*own, "lasts"]))
        self.assertEqual({row["of"] for row in rows.values()}, {"admissible range"})
        ends = [float(rows["lasts"][name]) for name in ("low", "high")]
        for end, exact in zip(ends, (7, 8)):  # twice as long, within 1 s of 15 s
            self.assertAlmostEqual(end, exact, delta=0.03)
        self.assertTrue(7 <= ends[0] < ends[1] <= 8)
        for name, current, voltage in (("low", 3, 0.1), ("high", 5, 0.18)):
            row = rows[f"kinetics.charge_transfer_resistance of {name}"]
            for end, sign in (("low", -1), ("high", 1)):
                settings = (
                    f"kinetics.charge_transfer_resistance={row[end]} ohm.cm^2",
                    f"protocol.0.strip={current} A/m^2",
                )
                run = nakrun.run(self.place / "deck.yaml", *settings, ranks=0)
                there = np.interp(9, run.series["time_s"], run.series["voltage_V"])
                self.assertTrue(0.85 < sign * (there - voltage) / 0.005 <= 1, (row, there))
        seen = self.table("residuals.csv")[-1]
        self.assertEqual((seen["measured"], seen["residual"]), ("", ""))
        self.assertGreater(float(seen["model"]), 0)

    def test_the_interface(self):
        """The shipped fit reads all its figures; trains are short here."""
        body = (nakrun.DECKS / "wu2025" / "fit.yaml").read_text(encoding="utf-8")
        body = body.replace("deck: ", f"deck: {nakrun.DECKS}/wu2025/")
        body = body.replace("solver.jump_tolerance: 1e-2", "protocol.0.pulses.count: 20")
        body = body.replace("pulses_rest_0p1s.yaml", "continuous_1mA.yaml")
        (self.place / "fit.yaml").write_text(body)
        rows = list(csv.DictReader(self.fit(options=["--dry-run"]).out.splitlines()))
        self.assertGreater(len(rows), 20)
        far = {r["data"] for r in rows if r["residual"] and abs(float(r["residual"])) > 1.001}
        missed = {"W13-below", "W13-NaK65", "W20-drop", "W20-rest"}  # as in docs/validation.md
        self.assertLessEqual(far - missed, {"W7", "W8", "W9-5s", "W9-10s"})
        self.assertEqual([row["data"] for row in rows if row["model"] == ""], [])

    def test_errors(self):
        (self.place / "v.csv").write_text("Test Time / s,Voltage / V\n0,1\n1,1\n")
        for old, new, message in (
            ("start: 3 s", "start: 0.5 s", "fit.yaml:3: .* start between them"),
            ("50 s", "50 m", "fit.yaml:3: start, from and to .* need one unit"),
            ("voltage: v.csv", "voltage: none.csv", "fit.yaml:7: .*none.csv"),
            ("0.0005 V", "0.5 mV", "fit.yaml:7: sigma is above 0, in 'V'"),
            ("below: 1 V, ", "", "fit.yaml:8: high needs value, above or below"),
            (
                "diffusion_time",
                "difusion_time",
                "fit.yaml:3: unknown key 'interphase.difusion_time'",
            ),
        ):
            with self.subTest(message):
                body = re.sub(r"  arc:.*\n", "", self.FIT)
                (self.place / "fit.yaml").write_text(body.replace(old, new, 1))
                self.fit(nakrun.INPUT, message)


class Walks(unittest.TestCase):
    """The ways to the ends of admissible ranges."""

    def walk(self, figures):
        limits = -np.ones(figures), np.ones(figures)
        return ranges.Walk(np.array([0.5, 0.5]), np.zeros(figures), np.eye(figures, 2), limits,
                           np.array([1.0, 0.0]), np.zeros(figures, dtype=bool))

    def test_a_step(self):
        """A figure that leaves its tolerance at once, of which slopes tell nothing."""
        for height in (1.02, 30):
            walk = self.walk(1)
            ranges.walk_all([walk], lambda points, _: [np.array([height * (u[0] > 0.7)]) for u in points])
            self.assertTrue(walk.reached)
            self.assertTrue(0.7 - 2 * ranges.RESOLUTION < walk.point[0] <= 0.7, walk.point)

    def test_what_is_not_known(self):
        walk = self.walk(2)
        walk.propose()
        self.assertFalse(walk.inside(np.array([1.5, np.nan])))
        self.assertTrue(walk.inside(np.array([0.5, np.nan])))
        walk.take(np.array([1.5, np.nan]))
        np.testing.assert_array_equal(walk.point, [0.5, 0.5])
        np.testing.assert_array_equal(walk.slopes[1], [0, 1])
        self.assertGreater(walk.slopes[0, 0], 1)


class Effects(unittest.TestCase):
    """Statistics against formulas and SciPy."""

    def test_describe(self):
        """The interval of a mean is that of the central limit theorem."""
        values = np.random.default_rng(2).normal(5, 2, 400)
        found = effects.describe(values)
        self.assertEqual(found["mean"][0], values.mean())
        self.assertAlmostEqual(found["deviation"][0], values.std(ddof=1))
        half = 1.96 * values.std() / 20
        for bound, expected in zip(found["mean"][1:], (values.mean() - half, values.mean() + half)):
            self.assertAlmostEqual(bound, expected, delta=0.1 * half)

    def test_rank_correlation(self):
        random = np.random.default_rng(3)
        x = random.integers(0, 9, 200)
        y = x**3 + random.integers(0, 300, 200)
        value, low, high = effects.rank_correlation(x, y)
        self.assertAlmostEqual(value, scipy.stats.spearmanr(x, y)[0], 12)
        self.assertTrue(low < value < high)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.assertTrue(np.isnan(effects.rank_correlation(x, np.ones(200))).all())

    def plan(self, how, d):
        study_ = plan.Plan.__new__(plan.Plan)
        study_.how, study_.indices, study_.seed = how, how == "sobol", 4
        study_.axes = [None] * d
        return study_

    def test_morris(self):
        """3 x + 5 x y - 2 z: effects 3 + 5 y, 5 x and -2."""
        points = self.plan("morris", 3).points(0, 40).reshape(40, 4, 3)
        x, y, z = np.moveaxis(points, -1, 0)
        found = effects.morris(points, 3 * x + 5 * x * y - 2 * z)
        for k, mean in enumerate((5.5, 2.5, -2)):
            self.assertAlmostEqual(found[k, 0, 0], mean, delta=0.7 if k < 2 else 1e-12)
            self.assertAlmostEqual(found[k, 1, 0], abs(found[k, 0, 0]), 12)
        self.assertAlmostEqual(found[2, 2, 0], 0, 12)
        self.assertGreater(found[1, 2, 0], 1)

    def test_sobol(self):
        """Ishigami's function, whose indices are known, is within the intervals."""
        sets = self.plan("sobol", 3).points(0, 1024).reshape(1024, 5, 3)
        x, y, z = np.moveaxis(np.pi * (2 * sets - 1), -1, 0)
        found = effects.sobol(np.sin(x) + 7 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x))
        exact = ((0.3139, 0.5576), (0.4424, 0.4424), (0, 0.2437))
        for value, (_, low, high) in zip(np.ravel(exact), found.reshape(-1, 3)):
            self.assertTrue(low <= value <= high, (low, value, high))
            self.assertLess(high - low, 0.25)


class Workers(Folder):
    def ask(self, *lines):
        words = b"".join(b"".join(word.encode() + b"\0" for word in (*line, "")) for line in lines)
        return subprocess.run(
            [nakrun.program(), "worker"],
            input=words,
            capture_output=True,
            timeout=60,
            cwd=self.place,
            env=nakrun.environment(),
            check=False,
        )

    def test_lines(self):
        """Options of a deck end with its line; the line that fails is the last."""
        run = ["run", "deck.yaml", "output.directory=run", "--replace", "--quiet", "--light"]
        done = self.ask(
            ["--help"],
            run,
            [*run, "petsc=[-snes_stol 1e-30]"],
            run,
            ["check", "deck.yaml", "x=1"],
            ["--version"],
        )
        replies = re.findall(rb"\0(\d+)\n", done.stdout)
        self.assertEqual(replies, [b"0", b"0", b"0", b"0", b"2"], done.stderr)
        self.assertIn(b"Usage:", done.stdout)
        self.assertIn(b"unknown key 'x'", done.stderr)
        self.assertEqual(done.returncode, nakrun.INPUT)
        self.assertFalse((self.place / "run" / "fields.h5").exists())

    def test_half_a_line(self):
        done = self.ask(["--version"])
        self.assertEqual((done.returncode, done.stdout[-3:]), (0, b"\0000\n"))
        cut = subprocess.run(
            [nakrun.program(), "worker"],
            input=b"run\0deck.yaml\0",
            capture_output=True,
            timeout=60,
            env=nakrun.environment(),
            check=False,
        )
        self.assertEqual((cut.returncode, cut.stdout), (0, b""))


if __name__ == "__main__":
    unittest.main()
