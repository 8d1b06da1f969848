"""A run goes on from its checkpoint: what may change, what may not, and what is done about damage.
"""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "torture"))
import nakrun  # noqa: E402
import restart  # noqa: E402
import torture  # noqa: E402

import test_decks  # noqa: E402

ITEMS = ("{strip: 0.5 mA/cm^2, for: 20 s}", "{pulses: {current: 1 mA/cm^2, on: 1 s, off: 2 s, count: 2}}",
         "{rest: 20 s, temperature: {to: 5 degC, for: 15 s}}")
WHEN = "output.fields.when=[voltage > 0.15 V, liquidus_a, time > 7 s]"


def protocol(*items):
    return "protocol=[" + ", ".join(items) + "]"


class Restart(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """One run with a checkpoint of every fourth step; tests cut copies of it back."""
        cls.folder = torture.Folder()
        cls.folder.new("whole", protocol(*ITEMS), WHEN, "checkpoint.keep=1000",
                       "checkpoint.steps=4").demand(nakrun.DONE)
        cls.points = torture.checkpoints(cls.folder.path / "whole")
        cls.reference = torture.fingerprint(cls.folder.path / "whole")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder.path)

    def cut(self, share=0.5):
        """The run as it was killed after a checkpoint."""
        place = self.folder.path / "run"
        keep = self.points[int(share * len(self.points))].name
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.folder.path / "whole", place)
        (place / "summary.json").unlink()
        for path in torture.checkpoints(place):
            if path.name > keep:
                path.unlink()
        return place

    def same(self, place):
        self.assertEqual(torture.differences(place, self.reference), [])

    def test_it_goes_on_as_if_nothing_had_happened(self):
        self.assertIn("liquidus_a", self.reference["summary.json"])  # within the ramp of the rest
        for share in (0, 0.3, 0.6, 0.99):
            with self.subTest(share=share):
                place = self.cut(share)
                self.folder.again("run", "checkpoint.steps=50").demand(nakrun.DONE)
                self.same(place)

    def test_no_half_written_file_is_left(self):
        place = self.cut()
        for stray in ("checkpoint/000777.h5.tmp", "fields/000777.h5.tmp"):
            (place / stray).write_bytes(b"half")
        self.folder.again("run", "checkpoint.steps=0").demand(nakrun.DONE)
        self.same(place)
        self.assertEqual(torture.strays(place), [])

    def test_a_complete_run_is_left_alone(self):
        place = self.folder.path / "whole"
        before = {path: path.stat().st_mtime_ns for path in place.rglob("*")}
        nakrun.call("run", "--restart", place, ranks=0).demand(nakrun.DONE, "is complete")
        self.assertEqual(before, {path: path.stat().st_mtime_ns for path in place.rglob("*")})

    def test_it_goes_on_where_one_stands(self):
        place = self.cut()
        nakrun.call("run", "--restart", ".", "checkpoint.steps=50", "--quiet", ranks=0, folder=place).demand(nakrun.DONE)
        text = (place / "resolved.yaml").read_text()
        self.assertIn("directory: \".\"", text)

    def test_a_damaged_checkpoint_gives_way(self):
        place = self.cut()
        newest = torture.checkpoints(place)[-1]
        data = bytearray(newest.read_bytes())
        data[len(data) // 2] ^= 1
        newest.write_bytes(data)
        self.folder.again("run", "checkpoint.steps=50").demand(nakrun.DONE, f"{newest.name} is damaged: .*the previous one is used")
        self.same(place)
        self.assertFalse([path for path in place.glob("checkpoint/*.damaged") if path.stem != newest.stem])

    def test_without_a_checkpoint_it_begins_again(self):
        """But over no rows, unless that is allowed: those of a run that was killed, or whose
        summary is damaged.
        """
        place = self.cut()
        shutil.rmtree(place / "checkpoint")
        for damage in (None, "{}", '{\n  "status": "comp'):
            if damage is not None:
                (place / "summary.json").write_text(damage)
            rows = (place / "timeseries.csv").read_bytes()
            nakrun.call("run", "--restart", place, ranks=0).demand(
                nakrun.OUTPUT, r"holds no checkpoint .* results \(timeseries.csv\): give --replace")
            self.assertEqual((place / "timeseries.csv").read_bytes(), rows)
        self.folder.again("run", "checkpoint.steps=50").demand(nakrun.DONE, "holds no checkpoint: the run starts from the beginning")
        self.same(place)

    def test_the_deck_as_it_was_written(self):
        """It stays beside the resolved one, and the title names the overrides that count."""
        place, deck = self.folder.path / "titled", self.folder.path / "titled.yaml"
        deck.write_bytes(b"# mine\r\ntitle: 'a: title'\nprotocol: [rest: 1 s]")
        nakrun.call("run", deck, f"output.directory={place}", "alloy.potassium=65 wt%", "cell.area=1 cm^2", "--quiet",
                    ranks=0).demand(nakrun.DONE)
        title = "a: title, with alloy.potassium=65 wt%, cell.area=1 cm^2"
        for again in (("--restart", place, "--replace"), ("--restart", place, "--replace", "protocol.0.rest=2 s")):
            self.assertEqual((place / "original.yaml").read_bytes(), deck.read_bytes())
            self.assertEqual(nakrun.Run(place, None).summary["title"], title)
            (place / "summary.json").unlink()
            shutil.rmtree(place / "checkpoint", ignore_errors=True)
            nakrun.call("run", *again, "--quiet", ranks=0).demand(nakrun.DONE, "starts from the beginning")

    def test_what_follows_may_change(self):
        place = self.cut(0.05)  # within the first item
        items = ("{strip: 0.4 mA/cm^2, for: 10 s}", "{rest: 5 s}")
        self.folder.again("run", "output.fields.names=[current]").demand(
            nakrun.INPUT, "frames with other fields than output.fields.names says")
        self.folder.again("run", protocol(*items), "output.fields.every=1 s").demand(nakrun.DONE)
        run = nakrun.Run(place, None)
        self.assertAlmostEqual(run.summary["time_s"], 15)
        self.assertEqual(len(run.summary["steps"]), 2)
        self.assertEqual(run.summary["steps"][0]["current_mA_cm2"], 0.4)  # what was held at its end

    def test_a_leaf_at_its_end_may_go_on(self):
        """From the checkpoint at which its time was up: with more time, or another condition, it is
        not over.
        """
        place, two = self.folder.path / "ended", protocol("{strip: 0.1 mA/cm^2, for: 2 s}", "{rest: 1 s}")
        self.folder.new("ended", two, "checkpoint.keep=1000", "checkpoint.steps=1").demand(nakrun.DONE)
        steps = nakrun.Run(place, None).series["step"].count(0) - 1  # a row more is that of its beginning
        for path in torture.checkpoints(place)[steps:]:
            path.unlink()
        for item, end, capacity in (("{strip: 0.1 mA/cm^2, for: 3 s}", "duration", 0.3),
                                    ("{strip: 0.1 mA/cm^2, until: step_capacity > 0.4 mA.s/cm^2}",
                                     "step_capacity > 0.4 mA.s/cm^2", 0.4)):
            copy = self.folder.path / "run"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(place, copy)
            (copy / "summary.json").unlink()
            self.folder.again("run", protocol(item, "{rest: 1 s}")).demand(nakrun.DONE)
            summary = nakrun.Run(copy, None).summary
            self.assertEqual((summary["status"], summary["steps"][0]["end"]), ("completed", end))
            self.assertAlmostEqual(3600 * summary["capacity_mAh_cm2"], capacity, delta=1e-5)

    def test_levels_of_a_staircase(self):
        """Those to come may change, and no report is of two things."""
        place, whole = self.folder.path / "run", self.folder.path / "stairs"

        def stairs(to, turns=2):
            stairs = f"{{staircase: {{from: 0.01 mA/cm^2, to: {to} mA/cm^2, step: 0.01 mA/cm^2, hold: 1 s}}}}"
            return protocol(f"{{repeat: {turns}, steps: [{stairs}]}}", *["{rest: 1 s}"] * 4)

        self.folder.new("stairs", stairs(0.04), "checkpoint.keep=1000", "checkpoint.steps=1").demand(nakrun.DONE)
        series = nakrun.Run(whole, None).series
        for time_s, to, message in ((0.5, 0.06, None), (0.5, 0.02, None), (4.5, 0.06, None), (9.5, 0.06, "item 3 .* staircase"),
                                    (4.5, 0.02, "staircase under way has lost levels"), (2.5, 0.01, "repeat|staircase")):
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(whole, place)
            (place / "summary.json").unlink()
            leaves = int(time_s) + 1
            steps = sum(time < time_s for time in series["time_s"]) - leaves  # each begins with a row
            for path in torture.checkpoints(place)[steps:]:
                path.unlink()
            output = self.folder.again("run", stairs(to))
            if message is not None:
                output.demand(nakrun.INPUT, message)
                continue
            output.demand(nakrun.DONE)
            kinds = [step["kind"] for step in nakrun.Run(place, None).summary["steps"]]
            self.assertEqual(kinds, ["staircase"] * round(100 * to) + ["rest"] * 4)

    def test_a_signal_to_ranks_that_wait(self):
        """A launcher forwards it to all of them, those without a column included."""
        many = protocol("{repeat: 100000, steps: [{strip: 0.1 mA/cm^2, for: 1 s}, {rest: 1 s}]}")
        process = subprocess.Popen(
            [os.environ.get("MPIEXEC", shutil.which("mpirun")), "-n", "2", nakrun.program(), "run", self.folder.deck,
             "output.directory=" + str(self.folder.path / "waits"), many, "checkpoint.steps=0", "--quiet"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=nakrun.environment())
        try:
            while not (self.folder.path / "waits" / "timeseries.csv").exists():
                self.assertIsNone(process.poll())
                time.sleep(0.01)
            process.send_signal(signal.SIGUSR1)
            said, _ = process.communicate(timeout=60)
        finally:
            process.kill()
        self.assertEqual(process.returncode, nakrun.DONE, said)
        self.assertIn("1 of 2 ranks compute", said)
        self.assertEqual(nakrun.Run(self.folder.path / "waits", None).summary["end"], "SIGUSR1")

    def test_what_is_done_may_not(self):
        place = self.cut(0.99)
        self.folder.again("run", protocol("{plate: 0.5 mA/cm^2, for: 20 s}", "{rest: 5 s}")).demand(
            nakrun.INPUT, "protocol")
        for change in ("0.strip=0.4 mA/cm^2", "0.for=21 s", "0.until=voltage > 3 V", "1.pulses.off=3 s",
                       "1.pulses.count=3", "1.until=capacity > 1 C/m^2"):
            self.folder.again("run", f"protocol.{change}").demand(nakrun.INPUT, "is done in .* leave it as it was")
        self.folder.again("run", "protocol.0.for=20000 ms", "protocol.2.rest=30 s").demand(nakrun.DONE)
        self.assertAlmostEqual(nakrun.Run(place, None).summary["time_s"], 56)
        self.assertIn("  with protocol.2.rest=30 s\n", (place / "log.txt").read_text())

    def test_physics_may_not(self):
        place = self.cut()
        before = torture.checkpoints(place), (place / "timeseries.csv").read_bytes()
        self.folder.again("run", "alloy.potassium=60 wt%").demand(
            nakrun.INPUT, "another cell.*alloy.potassium: 50 wt%.*--new-physics")
        self.assertEqual(before, (torture.checkpoints(place), (place / "timeseries.csv").read_bytes()))
        self.folder.again("run", "kinetics.charge_transfer_resistance=100 ohm.cm^2",
                          "--new-physics").demand(nakrun.DONE)

    def test_a_material_that_changed_is_other_physics(self):
        place = self.cut()
        file = self.folder.path / "materials" / "NaK.yaml"
        file.parent.mkdir()
        text = (nakrun.DECKS / "materials" / "NaK.yaml").read_text()
        file.write_text(text.replace("surface_tension: 0.13", "surface_tension: 0.14"))
        self.folder.again("run", f"alloy.system={file}").demand(nakrun.INPUT, "another cell.*material.numbers")
        file.write_text(text)  # the same numbers in another place
        self.folder.again("run", f"alloy.system={file}").demand(nakrun.DONE)
        self.same(place)

    def test_another_grid_is_refused(self):
        self.cut()
        self.folder.again("run", "grid.alloy_layers=9", "--new-physics").demand(
            nakrun.INPUT, "has another grid than the checkpoint .* grid.alloy_layers: 8: a run keeps its grid")

    def test_a_file_that_was_shortened_is_refused(self):
        place = self.cut()
        (place / "timeseries.csv").write_text("time_s\n")
        self.folder.again("run", "checkpoint.steps=50").demand(nakrun.OUTPUT, "timeseries.csv is shorter")

    def test_a_frame_that_is_gone_is_refused(self):
        place = self.cut(0.99)
        (place / "fields" / "000001.h5").unlink()
        self.folder.again("run", "checkpoint.steps=50").demand(nakrun.OUTPUT, "000001.h5 is gone")

    def test_errors(self):
        for words, message in ((("--restart", "nowhere"), "cannot continue from nowhere: .*a run directory has"),
                               (("--restart",), "a value must follow"),
                               (("deck.yaml", "--new-physics"), "--restart"),
                               (("deck.yaml", "--walltime", "soon"), "a wall time is like"),
                               (("deck.yaml", "--walltime", "00:00:00"), "a wall time is like")):
            output = nakrun.call("run", *words, ranks=0, folder=self.folder.path)
            self.assertIn(output.status, (nakrun.INPUT, nakrun.OUTPUT))
            self.assertRegex(output.err, message)

    def test_wall_time_and_requeue(self):
        """A job that is cut into pieces by its wall time writes what one without end writes."""
        place = self.folder.path / "pieces"
        shutil.rmtree(place, ignore_errors=True)
        output = self.folder.new("pieces", protocol(*ITEMS), WHEN, "checkpoint.steps=0",
                                 "--walltime", "0.2s")
        for _ in range(20):
            output.demand(nakrun.DONE)
            status = nakrun.Run(place, None).summary["status"]
            if status == "completed":
                break
            self.assertEqual(status, "interrupted")
            output = self.folder.again("pieces", "--walltime=1s")
        self.same(place)


class Frames(unittest.TestCase):
    DECK = "protocol: [" + ", ".join(["rest: 1 s"] * 1100) + "]\n" \
           "output: {timeseries: {every: 100 s}}\ncheckpoint: {every: 0 s, steps: 500, keep: 1000}\n"

    def test_of_many_steps_some_ends_get_one(self):
        with torture.Folder(deck=self.DECK, columns=()) as folder:
            place = folder.path / "run"
            folder.new("run").demand(nakrun.DONE)
            self.assertIn("up to 1100 protocol steps end, and one end in 3 gets a frame", (place / "log.txt").read_text())
            self.assertEqual(nakrun.Run(place, None).summary["frames"], 1 + 1100 // 3 + 1)  # the start and the end, too
            reference, points = torture.fingerprint(place), torture.checkpoints(place)
            (place / "summary.json").unlink()
            for path in points[len(points) // 2:]:
                path.unlink()
            folder.again("run").demand(nakrun.DONE)
            self.assertEqual(torture.differences(place, reference), [])


class Spectra(unittest.TestCase):
    DECK = """
title: a spectrum that is not found
grid:   {nx: 8, width: 32 um, alloy_layers: 8, electrolyte_layers: 4, interphase_layers: 4, finest_electrolyte: 2 um}
protocol: [rest: 1 s]
impedance: {per_decade: 1}
"""

    def test_one_that_was_not_found_is_taken_by_the_restart(self):
        strip = "strip: 0.1 mA/cm^2, for: 6 s"
        for items in ((f"{{{strip}, impedance: {{every: 4 s}}}}",), (f"{{{strip}}}", "{impedance: }", "{rest: 1 s}")):
            with torture.Folder(deck=self.DECK, columns=()) as folder:
                folder.new("whole", protocol(*items)).demand(nakrun.DONE)
                folder.new("run", protocol(*items), "petsc=[-impedance_ksp_max_it 1]").demand(
                    nakrun.SOLVER, "impedance at .* was not found")
                folder.again("run", "petsc=[]").demand(nakrun.DONE)
                self.assertEqual(*[(folder.path / name / "impedance.csv").read_bytes() for name in ("whole", "run")])


class Voids(unittest.TestCase):
    DECK = """
title: voids and nuclei across a restart
grid:   {nx: 32, width: 16 um, depth: 1 um, alloy_height: 12 um, alloy_layers: 4, electrolyte_layers: 4,
         interphase_layers: 4, finest_electrolyte: 2 um}
microstructure: {height: 6 um, interface_width: 2 um, pockets: 1, pocket_radius: 1 um, angle_depleted: 80 deg,
                 void_nucleation: 8e10 m^-2.s^-1, gas_dissolution: 2e-15 m^2/s}
solver: {tolerance: 1e-3}
protocol: [{strip: 0.4 mA/cm^2, for: 8 s}, {rest: 2 s}]
checkpoint: {every: 0 s, steps: 4, keep: 1000}
"""

    def test_voids_go_on_as_if_nothing_had_happened(self):
        with torture.Folder(deck=self.DECK) as folder:
            place = folder.path / "run"
            folder.new("run").demand(nakrun.DONE)
            reference = torture.fingerprint(place)
            volume = nakrun.Run(place, None).series["void_nm_mean"]
            self.assertGreater(max(volume), 1.5 * volume[0])  # nuclei in the course of it
            points = torture.checkpoints(place)
            (place / "summary.json").unlink()
            for path in points[len(points) // 3:]:
                path.unlink()
            folder.again("run").demand(nakrun.DONE)
            self.assertEqual(torture.differences(place, reference), [])


class Box(unittest.TestCase):
    """Models on a box: the FAS engine."""
    SMALL = ("box.nx=48", "box.ny=40", "time.solver_tolerance=1e-3", "checkpoint.every=0 s", "checkpoint.keep=1000")
    RUNS = {"bm1a": ("time.end=20", "time.frames=[1, 10]", "checkpoint.steps=7"),
            "bm6a": ("time.end=6", "time.frames=[2]", "checkpoint.steps=3"),
            "bm7a": ("time.end=2", "checkpoint.steps=5"),
            "ch3d": ("box.nz=24", "time.end=4", "checkpoint.steps=3")}

    def setUp(self):
        self.folder = None

    def tearDown(self):
        if self.folder is not None:
            shutil.rmtree(self.folder.path)

    def whole(self, deck, *extra, ranks=1):
        """A run from start to end; its folder and what it holds."""
        if self.folder is not None:
            shutil.rmtree(self.folder.path)
        self.folder = torture.Folder(deck=(nakrun.TOP / f"benchmarks/pfhub/{deck}.yaml").read_text(), columns=())
        self.folder.new("run", *self.SMALL, *self.RUNS[deck], *extra, ranks=ranks).demand(nakrun.DONE)
        place = self.folder.path / "run"
        return place, torture.fingerprint(place)

    def cut(self, place):
        """As it was killed in the middle; there must be something after it."""
        points = torture.checkpoints(place)
        self.assertGreaterEqual(len(points), 4)
        for path in points[len(points) // 2:]:
            path.unlink()
        (place / "summary.json").unlink()

    @staticmethod
    def results(place):
        """The last energy, and the fields of the end."""
        energy = np.loadtxt(place / "free_energy.csv", delimiter=",", skiprows=1)
        with h5py.File(place / "fields.h5") as file:
            last = file["frames"][sorted(file["frames"])[-1]]
            return energy[-1], {name: data[()] for name, data in last.items()}

    def test_it_goes_on_as_if_nothing_had_happened(self):
        for deck in self.RUNS:
            for ranks in (1, 2):
                with self.subTest(deck=deck, ranks=ranks):
                    place, reference = self.whole(deck, ranks=ranks)
                    self.cut(place)
                    self.folder.again("run", "checkpoint.steps=100", ranks=ranks).demand(nakrun.DONE)
                    self.assertEqual(torture.differences(place, reference), [])

    def test_other_ranks(self):
        for before, after in ((1, 2), (2, 1), (2, 3)):
            with self.subTest(before=before, after=after):
                place, _ = self.whole("bm1a", ranks=before)
                energy, fields = self.results(place)
                self.cut(place)
                self.folder.again("run", ranks=after).demand(nakrun.DONE)
                again, others = self.results(place)
                self.assertEqual(again[0], energy[0])
                self.assertLess(abs(again[1] / energy[1] - 1), 1e-6)
                for name, values in fields.items():
                    off = abs(others[name] - values).max()
                    print(f"{before} ranks, then {after}: {name} differs by {off:.1e}")
                    self.assertLess(off, 1e-6)

    def test_wall_time_and_requeue(self):
        place, reference = self.whole("bm1a", "box.nx=96", "box.ny=96")
        shutil.rmtree(place)
        output = self.folder.new("run", *self.SMALL, *self.RUNS["bm1a"], "box.nx=96", "box.ny=96",
                                 "checkpoint.steps=0", "--walltime", "0.01s")
        pieces = 1
        while pieces < 100:
            output.demand(nakrun.DONE)
            if json.loads((place / "summary.json").read_text())["status"] == "completed":
                break
            output = self.folder.again("run", "--walltime=0.1s")
            pieces += 1
        print(f"{pieces} pieces")
        self.assertGreater(pieces, 1)
        self.assertEqual(torture.differences(place, reference), [])

    def test_a_signal(self):
        place, reference = self.whole("bm1a", "box.nx=96", "box.ny=96")
        shutil.rmtree(place)
        process = self.folder.start("run", *self.SMALL, *self.RUNS["bm1a"], "box.nx=96", "box.ny=96",
                                    "checkpoint.steps=1")
        while not torture.checkpoints(place):
            self.assertIsNone(process.poll())
            time.sleep(0.001)
        process.send_signal(signal.SIGUSR1)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, nakrun.DONE)
        said = json.loads((place / "summary.json").read_text())
        self.assertEqual((said["status"], said["end"]), ("interrupted", "SIGUSR1"))
        self.folder.again("run").demand(nakrun.DONE)
        self.assertEqual(torture.differences(place, reference), [])

    def test_what_may_change(self):
        place, _ = self.whole("bm1a")
        self.cut(place)
        for setting, message in (("cahn_hilliard.kappa=3", "cahn_hilliard.kappa: 2"), ("box.nx=50", "box.nx: 48")):
            self.folder.again("run", setting).demand(nakrun.INPUT, message)
        self.folder.again("run", "box.nx=50", "--new-physics").demand(nakrun.INPUT, "box.nx: 48: a run keeps its grid")
        for order in (2, 3):
            self.folder.again("run", "time.end=12", f"time.order={order}", "checkpoint.steps=0").demand(nakrun.DONE)
            self.assertEqual(json.loads((place / "summary.json").read_text())["time"], 12)
            (place / "summary.json").unlink()


class TwoElectrodes(unittest.TestCase):
    """An alloy opposite its like across a solid, in 2D on 2 ranks, and in a liquid."""
    SOLID = """
title: two electrodes
counter: alloy
grid: {nx: 6, width: 24 um, alloy_layers: 8, electrolyte_layers: 4, interphase_layers: 4}
solver: {tolerance: 1e-3}
protocol: [{strip: 0.3 mA/cm^2, for: 20 s}, {voltage: -50 mV, for: 20 s}]
"""
    HOST = SOLID.replace("counter: alloy", "counter: {kind: host, sites_na: 0.5}").replace("voltage: -50 mV",
                                                                                         "voltage: -3.3 V")
    TWO_GUESTS = (nakrun.DECKS / "xue2018/sei.yaml").read_text().replace("repeat: 10", "repeat: 1")
    LIQUID = (nakrun.DECKS / "koh2024/na50k50.yaml").read_text().replace("repeat: 200", "repeat: 2")

    def test_it_goes_on_as_if_nothing_had_happened(self):
        for deck, ranks in ((self.SOLID, 2), (self.LIQUID, 1), (self.HOST, 2), (self.TWO_GUESTS, 1),
                            (self.HOST.replace("solver: {", "solver: {integrator: bdf, "), 1)):
            with self.subTest(ranks=ranks), torture.Folder(deck=deck, columns=()) as folder:
                place = folder.path / "run"
                folder.new("run", "checkpoint.every=0 s", "checkpoint.steps=3", "checkpoint.keep=1000",
                           ranks=ranks).demand(nakrun.DONE)
                reference = torture.fingerprint(place)
                Phases.cut(place)
                folder.again("run", "checkpoint.steps=100", ranks=ranks).demand(nakrun.DONE)
                self.assertEqual(torture.differences(place, reference), [])


class Phases(unittest.TestCase):
    """The phases of the alloy on a box: cooled grains, and nuclei under a current."""
    CASES = (("solidification_2d", 1), ("depletion_2d", 2))

    @staticmethod
    def whole(name, ranks):
        """A run from start to end with a checkpoint of every third step; its folder and what it
        holds.
        """
        deck = nakrun.DECKS / f"tutorial/{name}.yaml"
        folder = torture.Folder(deck=deck.read_text(), columns=())
        folder.new("run", *test_decks.shorten(deck), *test_decks.coarsen(deck), "checkpoint.every=0 s",
                   "checkpoint.steps=3", "checkpoint.keep=1000", ranks=ranks).demand(nakrun.DONE)
        return folder, folder.path / "run", torture.fingerprint(folder.path / "run")

    @staticmethod
    def cut(place):
        points = torture.checkpoints(place)
        for path in points[len(points) // 2:]:
            path.unlink()
        (place / "summary.json").unlink()

    def test_it_goes_on_as_if_nothing_had_happened(self):
        for name, ranks in self.CASES:
            with self.subTest(deck=name, ranks=ranks):
                folder, place, reference = self.whole(name, ranks)
                with folder:
                    nuclei = nakrun.Run(place, None).series["nuclei"]
                    self.assertTrue(name != "depletion_2d" or nuclei[0] == 0 < nuclei[-1])
                    self.cut(place)
                    folder.again("run", "checkpoint.steps=100", ranks=ranks).demand(nakrun.DONE)
                    self.assertEqual(torture.differences(place, reference), [])

    def test_other_ranks_and_what_may_change(self):
        folder, place, _ = self.whole("solidification_2d", 2)
        with folder:
            whole = nakrun.Run(place, None).summary
            self.cut(place)
            folder.again("run", "microstructure.cooling_rate=50 K/s").demand(nakrun.INPUT, "cooling_rate: 40")
            folder.again("run", "microstructure.nx=40", "--new-physics").demand(
                nakrun.INPUT, "microstructure.nx: 32: a run keeps its grid")
            folder.again("run", ranks=3).demand(nakrun.DONE)
            again = nakrun.Run(place, None).summary
            for key in ("time", "free_energy", "liquid", "nuclei"):
                self.assertLess(nakrun.relative(again[key], whole[key]), 1e-6, key)
            self.cut(place)
            folder.again("run", "march.end=45 ms", "march.tolerance=0.01").demand(nakrun.DONE)
            self.assertEqual(nakrun.Run(place, None).summary["time"], 0.045)


class Ions(unittest.TestCase):
    def test_lateral_fluxes_go_on(self):
        """Layers of ions in 2D with salt in their pores, stopped at random steps: to the bit."""
        small = ("grid.nx=6", "grid.width=400 um", "grid.alloy_layers=4", "grid.electrolyte_layers=6",
                 "contact={fraction: 0.5, shape: strip}", "kinetics.potassium_exchange=1e-2 mA/cm^2",
                 "protocol=[{strip: 0.4 mA/cm^2, for: 2 min}, {rest: 10 s}]", "output.fields.every=20 s",
                 "checkpoint.steps=1", "checkpoint.every=0 s", "checkpoint.keep=1000")
        with torture.Folder() as folder:
            nakrun.call("run", nakrun.DECKS / "koh2024" / "layers.yaml", f"output.directory={folder.path / 'whole'}", *small,
                        "--quiet", ranks=0).demand(nakrun.DONE)
            self.assertGreater(max(nakrun.Run(folder.path / "whole", None).series["separator_salt_um"]), 0)
            points, reference = torture.checkpoints(folder.path / "whole"), torture.fingerprint(folder.path / "whole")
            for point in random.Random(18).sample(points, 4):
                place = restart.cut(folder, "again", point)
                folder.again("again").demand(nakrun.DONE)
                self.assertEqual(torture.differences(place, reference), [], point.name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
