"""Measured tables as protocols: against the reference, across restarts, and when they are wrong."""
import os
import sys
import tempfile
import unittest
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # matrices are small

import numpy as np  # noqa: E402
from scipy.integrate import solve_ivp  # noqa: E402

HERE = Path(__file__).resolve().parent
for part in (HERE.parent, HERE.parent / "reference", HERE.parent / "torture"):
    sys.path.insert(0, str(part))
import nak1d  # noqa: E402
import nakrun  # noqa: E402
import torture  # noqa: E402

AREA = 0.385  # [cm2]
MODEL = nak1d.Model(nak1d.Cell(nodes=16))
RANDOM = np.random.default_rng(3)
TIME = np.concatenate([[3.5], 3.5 + np.cumsum(RANDOM.uniform(1, 10, 40))])
CURRENT = np.clip(np.cumsum(RANDOM.normal(0, 0.06, TIME.size)) + 0.15, -0.2, 0.5)  # [mA/cm2]
BOUND = 1e-4  # of voltages and currents


def write(folder, time, values, name="Current / mA"):
    rows = "".join(f"{t!r},{v!r}\n" for t, v in zip(time.tolist(), values.tolist()))
    (Path(folder) / "cycler.csv").write_text(f"Test Time / s,{name}\n{rows}")


def item(between, what="current: ", positive="strips", more=""):
    words = f"{what}, positive: {positive}, between: {between}{more}"
    return f"{{profile: {{file: cycler.csv, {words}}}}}"


def deck(folder, *items, more=""):
    path = Path(folder) / "deck.yaml"
    path.write_text("grid: {interphase_layers: 40}\n" + more
                    + "protocol:\n" + "".join(f"  - {text}\n" for text in items))
    return path


def drive(time, current, between):
    """The reference with a current [mA/cm2] that is held, or goes in lines: times, currents and
    voltages of each row."""
    y, table = MODEL.start(), []
    for k in range(len(time) - 1):
        slope = (current[k + 1] - current[k]) / (time[k + 1] - time[k]) if between == "lines" else 0

        def held(t):
            return 10 * (current[k] + slope * (t - time[k]))  # noqa: B023

        result = solve_ivp(lambda t, z: MODEL.rate(z, held(t)),  # noqa: B023
                           (time[k], time[k + 1]), y, method="Radau",
                           jac=lambda t, z: MODEL.jacobian(z, held(t)),  # noqa: B023
                           rtol=1e-7, atol=1e-8 * MODEL.scales(), max_step=0.5)
        y = result.y[:, -1]
        table.append([(t, held(t) / 10, MODEL.voltage(z, held(t))) for t,
                      z in zip(result.t, result.y.T)])
    return table


def at(run, name, times):
    """Values of the rows at some times; the first of two is that before a switch."""
    place = [np.flatnonzero(np.abs(np.array(run.series["time_s"]) - t) < 1e-6)[0] for t in times]
    return np.array(run.series[name])[place]


class Profile(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def run_deck(self, *items, more=()):
        return nakrun.run(deck(self.folder, *items), *more, folder=self.folder)

    def test_currents_against_the_reference(self):
        write(self.folder, TIME, CURRENT * AREA)
        charge = {"steps": np.sum(CURRENT[:-1] * np.diff(TIME)), "lines": np.trapz(CURRENT, TIME)}
        for between in ("steps", "lines"):
            expected = np.array([row[-1][2] for row in drive(TIME, CURRENT, between)])
            run = self.run_deck(item(between, more=", per: cell"))
            worst = np.abs(at(run, "voltage_V",
                              TIME[1:] - TIME[0]) - expected).max() / np.ptp(expected)
            passed = nakrun.relative(3600 * run.summary["capacity_mAh_cm2"], charge[between])
            print(f"{between}: voltages {worst:.1e} of their range from the reference, "
                  f"charge {passed:.1e}, "
                  f"{run.summary['time_steps'] / (TIME.size - 1):.1f} time steps a row")
            self.assertLess(worst, BOUND)
            self.assertLess(passed, 1e-11)

    def test_voltages_against_the_reference(self):
        """The reference's voltages, held by the program, give its currents back."""
        table = [row for rows in drive(TIME[:12], CURRENT[:12], "lines") for row in rows[1:]]
        time, current, voltage = np.array(table).T
        write(self.folder, time, -1e3 * voltage, "Voltage / mV")
        run = self.run_deck(item("lines", "voltage: ", "plates"))
        found = at(run, "current_mA_cm2", time[1:] - time[0])
        late = time[1:] > time[0] + 5  # the first row is no equilibrium
        worst = np.abs(found - current[1:])[late].max() / np.ptp(current)
        print(f"currents of held voltages: {worst:.1e} of their range from the reference")
        self.assertLess(worst, 10 * BOUND)

    def test_ramps_against_the_reference(self):
        expected = drive(np.array([0.0, 50.0]), np.array([-0.1, 0.4]), "lines")[0]
        run = self.run_deck("{ramp: {from: -0.1 mA/cm^2, to: 0.4 mA/cm^2}, for: 50 s}")
        time, voltage = run.series["time_s"], np.array(run.series["voltage_V"])
        reference = np.interp(time, [t for t, _, _ in expected], [v for _, _, v in expected])
        worst = np.abs(voltage - reference)[np.array(time) > 0].max() / np.ptp(reference)
        print(f"a ramp: voltages {worst:.1e} of their range from the reference")
        self.assertLess(worst, 2 * BOUND)  # the reference is a chord between its times
        self.assertLess(nakrun.relative(3.6e6 * run.summary["capacity_mAh_cm2"], 1e3 * 50 * 0.15),
                        1e-11)
        self.assertAlmostEqual(run.summary["steps"][0]["current_mA_cm2"], 0.4)
        early = self.run_deck("{ramp: {from: 0 mA/cm^2, to: 0.4 mA/cm^2}, for: 50 s, "
                              "until: voltage > 30 mV}")
        self.assertEqual(early.summary["steps"][0]["end"], "voltage > 30 mV")
        self.assertAlmostEqual(early.series["voltage_V"][-1], 0.03, 6)
        bdf = self.run_deck("{ramp: {from: -0.1 mA/cm^2, to: 0.4 mA/cm^2}, for: 50 s}",
                            more=("solver.integrator=bdf", "solver.tolerance=1e-6"))
        self.assertLess(abs(bdf.series["voltage_V"][-1] - voltage[-1]), 2e-4)

    def test_what_a_row_costs(self):
        """Lines that bend little are one time step a row; what is written stays small."""
        time = np.arange(2000.0)
        write(self.folder, time, 0.2 * AREA * np.sin(time / 30))
        for between, most in (("lines", 1.1), ("steps", 12)):
            deck(self.folder, item(between), more="output: {timeseries: {every: 100 s}}\n")
            run = nakrun.run(self.folder / "deck.yaml", folder=self.folder)
            steps = run.summary["time_steps"] / (time.size - 1)
            cost = run.summary["wall_s"] / time.size * 1e3
            print(f"{between}: {steps:.2f} time steps a row, {cost:.2f} ms")
            self.assertLess(steps, most)
            self.assertLess(len(run.series["time_s"]), 25)
            self.assertEqual(run.summary["frames"], 2)
            self.assertEqual([step["executions"] for step in run.summary["steps"]], [time.size - 1])

    def test_noisy_lines(self):
        """Each row begins with a kink.  The last one tells how to go on after it, so few steps are
        taken back."""
        time = np.arange(2000.0)
        noise = np.random.default_rng(7).normal(size=time.size)
        for part, most in ((0.01, 2.3), (0.03, 3.0), (0.1, 4.3)):
            write(self.folder, time, 0.2 * AREA * (np.sin(time / 30) + part * noise))
            run = self.run_deck(item("lines"))
            steps, rejected = (run.summary[name] / (time.size - 1)
                               for name in ("time_steps", "rejected_steps"))
            print(f"noise of {100 * part:.0f} %: {steps:.2f} time steps a row, "
                  f"{rejected:.2f} rejected")
            self.assertLessEqual(steps, most)
            self.assertLess(rejected, 0.25)

    def test_restarts(self):
        write(self.folder, TIME, CURRENT * AREA)
        path = deck(self.folder, "rest: 2 s", item("lines"), item("steps"), "rest: 1 s",
                    more="checkpoint: {steps: 50, keep: 1000}\n")
        arguments = ("run", path, "--quiet", "--replace")
        nakrun.call(*arguments, "output.directory=whole", ranks=0,
                    folder=self.folder).demand(nakrun.DONE)
        whole = self.folder / "whole"
        reference, points = torture.fingerprint(whole), torture.checkpoints(whole)
        self.assertGreater(len(points), 6)
        for point in points[2::3]:
            point.rename(point.with_suffix(".kept"))
        for kept in sorted((whole / "checkpoint").glob("*.kept"))[:2]:
            for other in torture.checkpoints(whole):
                other.unlink()
            (whole / "summary.json").unlink()
            kept.rename(kept.with_suffix(".h5"))
            again = nakrun.call("run", "--restart", whole, "--quiet", ranks=0)
            again.demand(nakrun.DONE)
            self.assertEqual(torture.differences(whole, reference), [])
        (whole / "summary.json").unlink()
        write(self.folder, TIME, 1.0001 * CURRENT * AREA)
        nakrun.call("run", "--restart", whole, ranks=0).demand(nakrun.INPUT,
                                                               "the file has another SHA-256")
        nakrun.call("run", "--restart", whole, path, ranks=0).demand(
            nakrun.INPUT, r"item 2 of the protocol, a 'profile', has another file")

    def test_a_critical_current_test_is_what_is_written_out(self):
        out = []
        for current in (0.1, 0.2, 0.4):
            time = 3600 * 0.01 / current
            half = f"mA/cm^2, for: {time!r} s}}, {{rest: 5 s}}"
            out += [f"{{repeat: 2, steps: [{{strip: {current} {half}, {{plate: {current} {half}]}}",
                    "rest: 20 s", "impedance:"]
        written = self.run_deck(*out)
        text = ("{ccd: {from: 0.1 mA/cm^2, to: 0.4 mA/cm^2, factor: 2, charge: 0.01 mAh/cm^2, "
                "cycles: 2, rest: 5 s, pause: 20 s, impedance: }%s}")
        run = self.run_deck(text % "")
        self.assertEqual(len(run.summary["steps"]), 18)
        for name in ("voltage_V", "current_mA_cm2", "time_s"):
            np.testing.assert_allclose(run.series[name], written.series[name], rtol=1e-9,
                                       atol=1e-12)
        for key in ("kind", "end", "executions"):
            self.assertEqual([step[key] for step in run.summary["steps"]],
                             [step[key] for step in written.summary["steps"]])
        ended = self.run_deck(text % ", until: voltage > 40 mV", "rest: 1 s")
        self.assertEqual(ended.summary["steps"][-2]["end"], "voltage > 40 mV (of the ccd)")
        self.assertEqual(ended.summary["steps"][-1]["kind"], "rest")
        critical, passed = (ended.summary[f"{w}_current_mA_cm2"] for w in ("critical", "passed"))
        self.assertAlmostEqual(critical, 2 * passed, 12)
        self.assertNotIn("critical_current_mA_cm2", run.summary)
        self.assertAlmostEqual(run.summary["passed_current_mA_cm2"], 0.4, 12)
        charges = [half["capacity_mAh_cm2"] for half in run.summary["half_cycles"]]
        np.testing.assert_allclose(charges, 6 * [0.01, -0.01], rtol=1e-9)
        self.assertEqual(run.summary["half_cycles"], written.summary["half_cycles"])

    def test_how_a_critical_current_test_ends(self):
        """All statuses of a run that the program has carried out; each tells the currents."""
        item_ = ("{ccd: {from: %s mA/cm^2, to: 0.8 mA/cm^2, factor: 2, charge: %s mAh/cm^2, "
                 "rest: 5 s%s}}")
        thin = ("electrolyte.pellet_thickness=25 um", "kinetics.filament_onset=360 C/m^2")
        for values, more, status, end, critical, passed in (
                ((0.1, 0.01, ""), (), "completed", "all steps are done", None, 0.8),
                ((0.1, 0.01, ", drop: 3 mV"), (), "condition", "voltage_drop > 0.003 V", 0.4, 0.2),
                ((0.1, 0.01, ""), ("limits.voltage_max=60 mV",), "limit", "limits.voltage_max",
                 0.2, 0.1),
                ((0.2, 0.2, ""), thin, "short", "a filament crossed", 0.8, 0.4)):
            summary = self.run_deck(item_ % values, more=more).summary
            self.assertEqual(summary["status"], status)
            self.assertIn(end, summary["end"])
            self.assertEqual(summary.get("critical_current_mA_cm2"), critical)
            self.assertAlmostEqual(summary["passed_current_mA_cm2"], passed)
            last = [event["event"] for event in summary["events"]][-1:]
            self.assertEqual(last == [status], status != "completed")

    def test_on_two_ranks(self):
        write(self.folder, TIME[:6], CURRENT[:6] * AREA)
        wide = ("grid.nx=4", "grid.width=40 um", "grid.electrolyte_layers=4")
        path = deck(self.folder, item("lines"))
        one, two = (nakrun.run(path, *wide, ranks=ranks, folder=self.folder) for ranks in (1, 2))
        self.assertLess(abs(one.series["voltage_V"][-1] - two.series["voltage_V"][-1]), 1e-8)

    def test_what_is_refused(self):
        write(self.folder, TIME, CURRENT)
        lines = (self.folder / "cycler.csv").read_text().splitlines()
        for name, rows in (("falls", lines[:5] + lines[3:]), ("twice", lines[:5] + lines[4:]),
                           ("nan", lines[:3] + ["9e3,nan"]), ("short", lines[:2]),
                           ("large", lines[:3] + ["9e3,9e9"])):
            (self.folder / f"{name}.csv").write_text("\n".join(rows) + "\n")
        whole = item("steps")
        volts = item("steps", "voltage: Current / mA")
        for text, message in (
                (whole.replace("positive: strips, ", ""),
                 "'positive: strips' or 'positive: plates'"),
                (whole.replace(", between: steps", ""), "'between: steps' or 'between: lines'"),
                (whole.replace("current: , ", ""), "'current:' or 'voltage:'"),
                (item("steps", "current: , voltage: "), "'current:' or 'voltage:'"),
                (item("steps", "current: Strom"), "lacks: Strom"),
                (volts, "lacks|no line names"),
                (item("steps", more=", per: area"),
                 "'per: area' does not fit: .* currents of the cell"),
                (item("steps", more=", sha256: 00"), "another SHA-256"),
                (item("steps", more=", betwen: 1"), "betwen.*between"),
                (whole.replace("cycler", "none"), "cannot open .*none.csv"),
                (whole.replace("cycler", "falls"), "falls.csv:6: the time falls"),
                (whole.replace("cycler", "twice"), "twice.csv:6: the time"),
                (whole.replace("cycler", "nan"), "nan.csv:4: the current in column 2 is 'nan'"),
                (whole.replace("cycler", "short"), "needs two or more"),
                (whole.replace("cycler", "large"), "cannot be held"),
                ("{profile: cycler.csv}", "write it as 'profile: {file"),
                ("{ramp: {from: 0 V, to: 1 mA/cm^2}, for: 1 s}",
                 "is of a current or of a voltage"),
                ("{ramp: {from: 0 V, to: 1 V}}", "its duration next to it"),
                ("{ramp: {from: 0 V, to: 9 V}, for: 1 s}", "9 V cannot be held"),
                ("{ccd: {from: 1 A/m^2, to: 2 A/m^2, time: 1 s}}",
                 "'step' or 'factor', one of them"),
                ("{ccd: {from: 1 A/m^2, to: 2 A/m^2, step: 1 A/m^2, time: 1 s, charge: 1 C/m^2}}",
                 "'charge' or 'time', one of them"),
                ("{ccd: {from: 2 A/m^2, to: 1 A/m^2, step: 1 A/m^2, time: 1 s}}",
                 "goes from .from. up to"),
                ("{ccd: {from: 1 A/m^2, to: 2 A/m^2, factor: 1, time: 1 s}}", "factor")):
            with self.subTest(text):
                nakrun.call("check", deck(self.folder, text), ranks=0).demand(nakrun.INPUT, message)


if __name__ == "__main__":
    unittest.main(verbosity=2)
