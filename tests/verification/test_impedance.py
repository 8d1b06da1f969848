"""Spectra against the time domain, the steady states, Kramers and Kronig; relaxation times against
an independent solution.

The cell under test is 2D, with contact on half of the face; its alloy is so much that nothing
drifts.
"""
import csv
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
from scipy.optimize import nnls

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import nakrun

DECK = """
title: small signals
alloy:    {volume: 900 cm^3, diffusivity: 1e-8 m^2/s}
electrolyte: {grain_boundary_resistivity: 0 ohm.m}
grid:     {nx: 16, width: 32 um, electrolyte_layers: 8, interphase_layers: 8, alloy_layers: 8,
           alloy_height: 10 um}
contact:  {fraction: 0.5, shape: strip}
impedance: {frequency_max: 1 kHz, frequency_min: 1e-5 Hz, per_decade: 1}
solver:   {tolerance: 1e-7, first_step: 1 ns}
protocol:
  - {current: BEFORE mA/cm^2, for: 200 s}
  - impedance:
  - {current: AFTER mA/cm^2, for: 200 s}
"""


DISC = """
title: a disc of contact
electrolyte: {thickness: 96 um, pellet_thickness: 96 um, conductivity: 1 mS/cm,
              grain_boundary_resistivity: 0 ohm.m}
grid:        {interphase_layers: 2, alloy_layers: 2}
contact:     {shape: disc}
impedance:   {frequency_max: 7 MHz, frequency_min: 1 MHz, per_decade: 1}
protocol:
  - {rest: 1 s}
"""


def write(folder, deck):
    path = Path(folder) / "deck.yaml"
    path.write_text(deck, encoding="utf-8")
    return path


def columns(path):
    """A CSV file as arrays by name."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    return dict(zip(rows[0], np.array(rows[1:], dtype=float).T))


def run(deck, *overrides, ranks=1):
    """The series, the spectra and the relaxation times of a run."""
    with tempfile.TemporaryDirectory() as scratch:
        done = nakrun.run(deck, *overrides, folder=scratch, ranks=ranks)
        series = {name: np.array(values) for name, values in done.series.items()}
        return series, columns(done.folder / "impedance.csv"), columns(done.folder / "drt.csv")


def impedance(table):
    return table["frequency_Hz"], table["z_re_ohm_cm2"] + 1j * table["z_im_ohm_cm2"]


def from_step(series, step, change, frequencies):
    """Impedance [ohm cm2] from the answer to a step of current [mA/cm2]: the transform of a voltage
    that is straight between the rows."""
    after = series["step"] == step
    before = series["voltage_V"][series["step"] == step - 2][-1]
    time = series["time_s"][after] - series["time_s"][after][0]
    voltage = series["voltage_V"][after] - before
    keep = np.append(True, np.diff(time) > 0)
    time, voltage = time[keep], voltage[keep]
    slope = np.diff(voltage) / np.diff(time)
    answer = []
    for w in 2 * np.pi * frequencies:
        turn = np.exp(-1j * w * time)
        answer.append(voltage[0] + np.sum(slope * (turn[:-1] - turn[1:])) / (1j * w))
    return 1e3 * np.array(answer) / change, 1e3 * voltage[-1] / change


def roughness(n, step):
    """Squared, it is the integral of the squared slope; 0 beyond the ends."""
    return (np.eye(n + 1, n) - np.eye(n + 1, n, -1)) / np.sqrt(step)


def relaxation_times(frequency, z, tau, weight):
    """gamma by SciPy's non-negative least squares."""
    step = np.log(tau[1] / tau[0])
    answer = step / (1 + 2j * np.pi * np.outer(frequency, tau))
    ones = np.ones((len(frequency), 1))
    rows = np.vstack([np.hstack([answer.real, ones]), np.hstack([answer.imag, 0 * ones]),
                      np.hstack([np.sqrt(weight) * roughness(len(tau), step),
                                 np.zeros((len(tau) + 1, 1))])])
    right = np.concatenate([z.real, z.imag, np.zeros(len(tau) + 1)])
    return nnls(rows, right, maxiter=100000)[0][:-1]


def kramers_kronig(frequency, z, per_decade=4):
    """Greatest relative distance from a sum of arcs with any sign: what it fits is causal."""
    tau = 10 ** np.arange(np.log10(0.03 / frequency.max()), np.log10(1 / frequency.min()),
                          1 / per_decade)
    answer = 1 / (1 + 2j * np.pi * np.outer(frequency, tau))
    size = np.abs(z)[:, None]
    constant = np.ones((len(frequency), 1))
    rows = np.vstack([np.hstack([answer.real, constant, 0 * constant]) / size,
                      np.hstack([answer.imag, 0 * constant, -1 / (frequency[:, None])]) / size])
    right = np.concatenate([z.real, z.imag]) / np.tile(size[:, 0], 2)
    best = np.linalg.lstsq(rows, right, rcond=1e-12)[0]
    return np.abs(rows @ best - right).max()


class Impedance(unittest.TestCase):
    def small_step(self, before, change, ranks):
        deck = DECK.replace("BEFORE", str(before)).replace("AFTER", str(before + change))
        series, spectrum, _ = run(deck, ranks=ranks)
        frequency, z = impedance(spectrum)
        probe = frequency > 5e-3
        stepped, steady = from_step(series, 2, change, frequency[probe])
        errors = np.abs(stepped / z[probe] - 1)
        limit = abs(z[-1].real / steady - 1)
        text = ", ".join(f"{f:.3g} Hz {e:.2%}" for f, e in zip(frequency[probe], errors))
        print(f"about {before} mA/cm2: {text}; limit {z[-1].real:.4f} and {steady:.4f} ohm cm2")
        self.assertGreaterEqual(probe.sum(), 5)
        self.assertLess(errors.max(), 0.01)
        self.assertLess(limit, 0.01)

    def test_step_at_rest(self):
        self.small_step(0, 1e-3, 1)

    def test_step_under_current(self):
        self.small_step(0.3, 1e-3, 2)

    def test_step_while_plating(self):
        self.small_step(-0.3, 1e-3, 2)

    def test_ranks(self):
        deck = DECK.replace("BEFORE", "0.3").replace("AFTER", "0.3")
        spectra = [impedance(run(deck, ranks=ranks)[1])[1] for ranks in (1, 2, 3)]
        for other in spectra[1:]:
            self.assertLess(np.abs(other / spectra[0] - 1).max(), 1e-6)

    def test_kramers_kronig_and_relaxation_times(self):
        deck = DECK.replace("BEFORE", "0.3").replace("AFTER", "0.3")
        _, spectrum, drt = run(deck, "impedance.per_decade=10", "impedance.frequency_max=7 MHz",
                               "electrolyte.grain_boundary_resistivity=1.333 ohm.m")
        frequency, z = impedance(spectrum)
        residual = kramers_kronig(frequency, z)
        other = relaxation_times(frequency, z, drt["tau_s"], 1e-3)
        distance = np.abs(other - drt["gamma_ohm_cm2"]).max() / other.max()
        print(f"Kramers-Kronig residual {residual:.2e}; relaxation times {distance:.2e} from SciPy's")
        self.assertLess(residual, 0.01)
        self.assertLess(distance, 1e-3)
        self.assertGreaterEqual(drt["gamma_ohm_cm2"].min(), 0)

    def test_a_measured_file(self):
        frequency = 10 ** np.arange(6, -1.05, -0.1)
        z = 30 + 100 / (1 + 2j * np.pi * frequency * 1e-4)
        with tempfile.TemporaryDirectory() as scratch:
            comma, zview = Path(scratch) / "comma.csv", Path(scratch) / "zview.z"
            comma.write_text("freq/Hz,Re(Z)/Ohm,Im(Z)/Ohm\n" + "\n".join(
                f"{f:.9g},{v.real:.9g},{v.imag:.9g}" for f, v in zip(frequency, z)))
            zview.write_text(
                "ZPLOT2 ASCII\nFreq(Hz)\tAmpl\tBias\tTime(Sec)\tZ'(a)\tZ''(b)\tGD\tErr\tRange\nEnd Comments\n" + "\n".join(
                f"{f:.9g}\t0\t0\t0\t{v.real:.9g}\t{v.imag:.9g}\t0\t0\t0"
                for f, v in zip(frequency, z)))
            table = Path(scratch) / "impedance.csv"
            table.write_text("time_s,step,frequency_Hz,z_re_ohm_cm2,z_im_ohm_cm2\n" + "".join(
                f"7,1,{f:.9g},{v.real:.9g},{v.imag:.9g}\n" for f, v in zip(frequency, z)))
            outputs = [nakrun.call("drt", path).demand(nakrun.DONE).out for path in (comma, zview, table)]
            heading, _, rows = table.read_text().partition("\n")
            table.write_text(heading + "\n" + 2 * rows)
            nakrun.call("drt", table).demand(nakrun.INPUT, f"impedance.csv:{len(frequency) + 2}: a second spectrum")
            table.write_text("time_s,voltage_V,current\n" + 4 * "1,2,3\n")
            nakrun.call("drt", table).demand(nakrun.INPUT, "no line names|lacks: frequency")
            nakrun.call("drt", Path(scratch) / "none").demand(nakrun.OUTPUT, "cannot open")
            nakrun.call("drt", comma, "impedance.lambda=-1").demand(nakrun.INPUT, "impedance.lambda")
            torn = Path(scratch) / "torn.csv"
            torn.write_text(comma.read_text().replace("\n", "\n12,\n", 1))
            nakrun.call("drt", torn).demand(nakrun.INPUT, "torn.csv:2: 2 fields, and the line of names has 3")
        tables = [np.array([line.split(",") for line in out.splitlines()[3:]], dtype=float) for out in outputs]
        rows = tables[0]
        np.testing.assert_allclose(tables[1:], 2 * [rows], rtol=1e-6, atol=1e-6 * rows[:, 1].max())
        area = np.sum(rows[:, 1]) * np.log(rows[1, 0] / rows[0, 0])
        self.assertLess(abs(area / 100 - 1), 0.03)
        self.assertLess(abs(np.log(rows[rows[:, 1].argmax(), 0] / 1e-4)), 0.13)

    def test_choice_of_the_roughness(self):
        frequency = 10 ** np.arange(6, -1.05, -0.1)
        noise = np.random.default_rng(1).normal(size=(2, frequency.size))
        z = 30 + 100 / (1 + 2j * np.pi * frequency * 1e-4) + 40 / (1 + 2j * np.pi * frequency * 1e-2)
        z *= 1 + 2e-3 * (noise[0] + 1j * noise[1])
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "noisy.csv"
            np.savetxt(path, np.c_[frequency, z.real, z.imag], delimiter=",",
                       header="Frequency / Hz,Z' / ohm,Z'' / ohm")
            for choice in ("fixed", "gcv", "l_curve"):
                out = nakrun.call("drt", path, f"impedance.lambda_choice={choice}").demand(nakrun.DONE).out
                rows = np.array([line.split(",") for line in out.splitlines()[3:]], dtype=float)
                first = (rows[:, 0] > 1e-5) & (rows[:, 0] < 1e-3)
                second = (rows[:, 0] > 1e-3) & (rows[:, 0] < 1e-1)
                areas = [np.sum(rows[part, 1]) * np.log(rows[1, 0] / rows[0, 0])
                         for part in (first, second)]
                print(f"{choice}: {out.splitlines()[1]}; areas {areas[0]:.2f}, {areas[1]:.2f}")
                self.assertLess(abs(areas[0] / 100 - 1), 0.03)
                self.assertLess(abs(areas[1] / 40 - 1), 0.05)

    def test_constriction_of_a_disc(self):
        """Far above the interface's arc its capacitance makes the disc an equipotential: what is
        left is the resistance of a disc in a square lattice, which two grids extrapolate to."""
        width, sigma, fraction, found = 64e-6, 0.1, 0.1, []
        for cells, layers in ((64, 20), (128, 26)):
            with tempfile.TemporaryDirectory() as scratch:
                nakrun.call("impedance", write(scratch, DISC), "output.directory=run",
                            f"grid.nx={cells}", f"grid.ny={cells}", f"grid.width={width} m",
                            f"grid.electrolyte_layers={layers}", f"contact.fraction={fraction}",
                            f"grid.finest_electrolyte={width / cells / 4} m", "--quiet", ranks=2,
                            folder=scratch).demand(nakrun.DONE)
                z = impedance(columns(Path(scratch) / "run/impedance.csv"))[1] * 1e-4 - 96e-6 / sigma
                with open(Path(scratch) / "run/timeseries.csv", encoding="utf-8") as file:
                    share = float(next(csv.DictReader(file))["contact_fraction"])
            radius = np.sqrt(share / np.pi)
            exact = width / (4 * sigma * radius) * (1 - 2.4830 * radius + 1.9170 * radius**3)
            found.append(z / exact)
        extrapolated = 2 * found[1] - found[0]
        print(f"disc: {exact:.4e} ohm m2; over it, by grid {found[0]} {found[1]}, "
              f"extrapolated {np.abs(extrapolated)}, {np.degrees(np.angle(extrapolated))} degrees")
        self.assertLess(np.max(np.abs(np.abs(extrapolated) - 1)), 0.005)
        self.assertLess(np.max(np.abs(np.degrees(np.angle(extrapolated)))), 0.5)

    def test_the_pristine_cell(self):
        """Charge transfer and finite diffusion beside adlayer, capacitor and over-limit path, in
        closed form; 150 ohm cm2 of grains, 100 of boundaries."""
        path = nakrun.DECKS / "wu2025" / "staircase_nak50.yaml"
        with tempfile.TemporaryDirectory() as scratch:
            nakrun.call("impedance", path, "output.directory=run", folder=scratch).demand(nakrun.DONE)
            frequency, z = impedance(columns(Path(scratch) / "run" / "impedance.csv"))
        self.assertEqual(len(frequency), 62)
        s, f, tau, exponent = 2j * np.pi * frequency, 96485.332 / 8.314463 / 298.15, 7.5, 2.35
        potential, factor, x = 1.547e-3, 0.413, 0.630  # of NaK50: test_thermo.c
        warburg = (1 - x) * factor / (f * exponent) / 0.73e-3 * np.tanh(np.sqrt(s * tau)) / np.sqrt(s * tau)
        theta = 1 / (1 + np.exp(f * potential))
        capacity = 0.2e-6 + 0.16e-3 * f * theta * (1 - theta)
        face = 1 / (s * capacity + 1 / 7000 + 1 / (50 + warburg))
        exact = face + 150 + 100 / (1 + s * 100 * 1e-8)
        apart = np.abs(z / exact - 1).max()
        print(f"pristine: {z[0]:.2f} and {z[-1]:.2f} ohm cm2, {apart:.2e} from the closed form")
        self.assertLess(apart, 1e-3)


OPERANDO = """
  - staircase: {from: 0.05 mA/cm^2, to: 0.7 mA/cm^2, step: 0.05 mA/cm^2, hold: 40 s}
    impedance: {every: 40 s}
  - {rest: 10 min, impedance: {every: 10 min}}
"""

PROTOCOL = """
impedance: {per_decade: 2}
protocol:
  - impedance:
  - staircase: {from: 0.05 mA/cm^2, to: 0.15 mA/cm^2, step: 0.05 mA/cm^2, hold: 4 s}
    impedance: {every: 4 s}
  - {rest: 10 s, impedance: {every: 3 s}}
  - {voltage: 20 mV, for: 1 s}
  - impedance:
"""


class Files(unittest.TestCase):
    def test_moments_and_formats(self):
        with tempfile.TemporaryDirectory() as scratch:
            done = nakrun.run(PROTOCOL, folder=scratch)
            spectra, drt = (columns(done.folder / name) for name in ("impedance.csv", "drt.csv"))
            figure = subprocess.run([sys.executable, nakrun.TOP / "scripts" / "plot_impedance.py",
                                     "--export", done.folder], capture_output=True, text=True,
                                    check=False)
            self.assertEqual(figure.returncode, 0, figure.stderr)
            folder = done.folder / "spectra"
            three = np.loadtxt(folder / "0002.csv", delimiter=",")
            answers = [nakrun.call("drt", folder / f"0002.{suffix}").demand(nakrun.DONE).out
                       for suffix in ("csv", "z")]
            self.assertTrue((done.folder / "impedance.png").stat().st_size > 10000)
            self.assertEqual(len(list(folder.iterdir())), 2 * 8)
        moments = np.array([0, 4, 8, 12, 15, 18, 21, 23])
        np.testing.assert_allclose(np.unique(spectra["time_s"]), moments)
        np.testing.assert_allclose(np.unique(drt["time_s"]), moments)
        self.assertEqual(sorted(set(spectra["step"])), [0, 1, 2, 4])
        third = spectra["time_s"] == 8
        np.testing.assert_allclose(three[:, 1], spectra["z_re_ohm_cm2"][third], rtol=1e-8)
        gamma, other = (np.array([line.split(",") for line in answer.splitlines()[3:]], dtype=float)[:, 1]
                        for answer in answers)
        self.assertLess(np.abs(gamma - other).max(), 1e-6 * gamma.max())
        same = drt["gamma_ohm_cm2"][drt["time_s"] == 8]
        self.assertLess(np.abs(gamma - same).max(), 1e-4 * same.max())

    def test_operando(self):
        """The arcs of the interface: growing with the current, larger with less Na."""
        tau_1 = 3e-3
        areas = {}
        for name, potassium, steps in (("strip", 50, OPERANDO), ("65", 65, ""), ("80", 80, "")):
            _, _, drt = run("impedance: {frequency_min: 0.1 Hz}\ngrid: {interphase_layers: 80}\n"
                            "protocol:\n  - impedance:\n" + steps, f"alloy.potassium={potassium} wt%")
            moments = np.unique(drt["time_s"])
            step = np.log(drt["tau_s"][1] / drt["tau_s"][0])
            areas[name] = [step * drt["gamma_ohm_cm2"][(drt["time_s"] == t) & (drt["tau_s"] > tau_1)].sum()
                           for t in moments]
        strip = areas["strip"]
        print("areas [ohm cm2] while stripping: " + ", ".join(f"{area:.0f}" for area in strip[:15])
              + f"; NaK65 {areas['65'][0]:.0f}, NaK80 {areas['80'][0]:.0f}")
        self.assertTrue((np.diff(strip[:14]) > 0).all())
        self.assertLess(abs(strip[-1] / strip[0] - 1), 0.1)
        self.assertLess(strip[0], 0.5 * areas["65"][0])
        self.assertLess(areas["65"][0], 0.5 * areas["80"][0])


if __name__ == "__main__":
    unittest.main(verbosity=2)
