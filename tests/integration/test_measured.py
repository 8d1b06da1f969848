"""Files in the manner of each instrument: read to the last digit, or refused with the line."""
import os
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import nakrun

RANDOM = np.random.default_rng(7)
ROWS = 12
TIME = np.cumsum(RANDOM.uniform(0.3, 4, ROWS)) - 0.2
VOLTAGE = RANDOM.normal(0.4, 0.3, ROWS)
CURRENT = RANDOM.normal(0, 2e-3, ROWS)
FREQUENCY = 10 ** np.linspace(6, -1, ROWS)
Z = 31.4 + 120 / (1 + 2j * np.pi * FREQUENCY * 1e-3) ** 0.9
RE, IM = Z.real, Z.imag
SERIES = {"Test Time / s": TIME, "Voltage / V": VOLTAGE, "Current / A": CURRENT}
SPECTRUM = {"Frequency / Hz": FREQUENCY, "Real Impedance / ohm": RE,
            "Imaginary Impedance / ohm": IM}


def table(columns, separator=",", comma=False, end="\n", lead=""):
    """Lines of names and numbers."""
    def text(value):
        digits = value if isinstance(value, str) else f"{value:.16e}"
        return digits.replace(".", ",") if comma else digits

    rows = [separator.join(columns)] + [separator.join(map(text,
                                                           row)) for row in zip(*columns.values())]
    return "".join(lead + row + end for row in rows)


def clock(seconds):
    return f"{int(seconds // 3600)}:{int(seconds // 60) % 60:02d}:{seconds % 60:015.12f}"


def below(text, units):
    """With a line of units below the first one."""
    names, _, rest = text.partition("\n")
    return f"{names}\n{units}\n{rest}"


EC_LAB = ("EC-Lab ASCII FILE\r\nNb header lines : {}                    \r\n\r\n"
          "Electrode surface area : 1 cm\xb2\r\n")
MPT_SPECTRUM = {"freq/Hz": FREQUENCY, "Re(Z)/Ohm": RE, "-Im(Z)/Ohm": -IM, "|Z|/Ohm": abs(Z),
                "Cs/\xb5F\t": IM}
MPT_SERIES = {"mode": ["1"] * ROWS, "time/s": TIME, "control/V": RE, "Ewe/V": VOLTAGE,
              "<I>/mA": 1e3 * CURRENT}
DTA = ("EXPLAIN\nTAG\tEISPOT\nTITLE\tLABEL\tPotentiostatic EIS\tTest &Identifier\n"
       "AREA\tQUANT\t1.0\t&Area (cm^2)\n")
OCV = ("OCVCURVE\tTABLE\t2\n\tPt\tT\tVf\tVm\n\t#\ts\tV vs. Ref.\tV\n"
       "\t0\t0.25\t-0.3\t-0.3\n\t1\t0.5\t-0.3\t-0.3\n")
POINTS = [str(k) for k in range(ROWS)]


def gamry(comma=False):
    columns = {"Pt": POINTS, "Time": TIME, "Freq": FREQUENCY, "Zreal": RE, "Zimag": IM, "Zphz": RE}
    return f"ZCURVE\tTABLE\t{ROWS}\n" + below(table(columns, "\t", comma, lead="\t"),
                                              "\t#\ts\tHz\tohm\tohm\t\xb0")


ZPLOT = "ZPLOT2 ASCII\n  Measured Data, ZPlot:  3.2c\n  Surface Area:  1\n  Data Points:  12\n"
Z_VIEW = {"  Freq(Hz)": FREQUENCY, "Ampl": RE, "Bias": RE, "Time(Sec)": TIME, "Z'(a)": RE,
          "Z''(b)": IM, "GD": RE}
NEWARE = {"Record ID": POINTS, "Total Time": [clock(t) for t in TIME], "Voltage(V)": VOLTAGE,
          "Current(mA)": 1e3 * CURRENT}
CHARGES = ["positive=charges"]

# file name, text or bytes, what is in it, further arguments
READ = [
    ("bdf.csv", table(SERIES), SERIES, []),
    ("machine.bdf.csv",
     table({"test_time_second": TIME, "voltage_volt": VOLTAGE,
            "current_ampere": CURRENT}), SERIES, []),
    ("spectrum.bdf.csv", table(SPECTRUM), SPECTRUM, []),
    ("reordered.csv",
     table({'"Current / A"': CURRENT, "Cycle Count / 1": POINTS, '"Voltage / V"': VOLTAGE,
                             "Remark, long": ['"a, ""b"""'] * ROWS, "Test Time / s": TIME}).replace(
                                 "Remark, long", '"Remark, long"'), SERIES, []),
    ("spectrum.mpt", (EC_LAB.format(5) + table(MPT_SPECTRUM, "\t", end="\r\n")).encode("latin-1"),
     SPECTRUM, []),
    ("comma.mpt", (EC_LAB.format(5) + table(MPT_SERIES, "\t", True, "\r\n")).encode("latin-1"),
     SERIES, CHARGES),
    ("zplot.z", ZPLOT + table(Z_VIEW, "\t").replace("GD\n", "GD\nEnd Comments\n"), SPECTRUM, []),
    ("bare.z", table(Z_VIEW, "\t"), SPECTRUM, []),
    ("spectrum.DTA", (DTA + OCV + gamry()).encode("latin-1"), SPECTRUM, []),
    ("comma.DTA", (DTA + OCV.replace(".", ",") + gamry(True)).encode("latin-1"), SPECTRUM, []),
    ("curve.DTA", DTA + "CURVE\tTABLE\t12\n" + below(
        table({"Pt": POINTS, "T": TIME, "Vf": VOLTAGE, "Im": CURRENT}, "\t", lead="\t"),
        "\t#\ts\tV vs. Ref.\tA") + "EXPERIMENTABORTED\tTOGGLE\tT\tExperiment Aborted\n",
     SERIES, CHARGES),
    ("arbin.csv", table({"Data_Point": POINTS, "Test_Time(s)": TIME, "Step_Time(s)": RE,
                         "Current(A)": CURRENT,
                         "Voltage(V)": VOLTAGE}), SERIES, CHARGES),
    ("neware.csv", table(NEWARE), SERIES, CHARGES),
    ("maccor.txt", "Today's Date\t11/29/2026\n" + table(
        {"Rec#": POINTS, "Test (Sec)": TIME, "Amps": -CURRENT, "Volts": VOLTAGE}, "\t"), SERIES,
     ["positive=discharges"]),
    ("basytec.txt", "~Resultfile from Basytec Battery Test System\n~\n" + table(
        {"~Time[h]": TIME / 3600, "DataSet": POINTS, "U[V]": VOLTAGE,
         "I[A]": CURRENT}, " "), SERIES, CHARGES),
    ("semicolon.csv",
     table({"Time (s)": TIME, "Voltage (V)": VOLTAGE, "Current (mA)": 1e3 * CURRENT}, ";", True),
     SERIES, CHARGES),
    ("little.csv", b"\xff\xfe" + table(SERIES, end="\r\n").encode("utf-16-le"), SERIES, []),
    ("big.csv", b"\xfe\xff" + table({"Time / s": TIME, "Voltage / V": VOLTAGE,
                                     "Current / \u03bcA": 1e6 * CURRENT},
                                    "\t").encode("utf-16-be"), SERIES, CHARGES),
    ("mark.csv", "\ufeff" + table({"Frequency / kHz": FREQUENCY / 1e3, "Z' / m\u03a9": 1e3 * RE,
                                   "\u2212Z'' / k\u2126": -IM / 1e3}), SPECTRUM, []),
    ("timeseries.csv",
     table({"time_s": TIME, "step": POINTS, "current_mA_cm2": 1e3 * CURRENT / 0.385,
                              "voltage_V": VOLTAGE}), SERIES, [*CHARGES, "area=0.385 cm^2"]),
    ("impedance.csv",
     table({"time_s": ["7"] * ROWS, "step": ["1"] * ROWS, "frequency_Hz": FREQUENCY,
                             "z_re_ohm_cm2": 0.385 * RE, "z_im_ohm_cm2": 0.385 * IM}), SPECTRUM,
     ["area=0.385 cm^2"]),
    ("below.csv", below(table({"time": TIME, "voltage": VOLTAGE, "current": CURRENT}), "s,V,A"),
     SERIES, CHARGES),
    ("own.csv", table({"Zeit": TIME, "Spannung": VOLTAGE, "Strom [mA]": -1e3 * CURRENT}), SERIES,
     ["columns=names.csv", "positive=discharges"]),
    ("return.csv", table(SERIES, end="\r"), SERIES, []),
    ("remarks.csv", "# a remark\n\n" + table(SERIES).replace("\n", "\n\n# another\n", 3) + ",,\n\n",
     SERIES, []),
    ("chosen.csv", table({"time/s": TIME, "Ewe/V": VOLTAGE, "Ecell/V": RE, "I/A": CURRENT}), SERIES,
     [*CHARGES, "voltage=Ewe/V"]),
    ("rising.csv", table({name: values[::-1] for name, values in SPECTRUM.items()}),
     {name: values[::-1] for name, values in SPECTRUM.items()}, []),
]

GOOD = table(SERIES)
LINES = GOOD.splitlines(keepends=True)


def altered(line, old, new):
    """GOOD with something else in a line, counted from 1."""
    return "".join(text.replace(old, new, 1) if k == line else text for k,
                   text in enumerate(LINES, 1))


# file name, text or bytes, what is said of it
REFUSED = [
    ("positions.csv", "".join(LINES[1:]), "no line names the columns"),
    ("no_unit.csv", GOOD.replace("Voltage / V", "Voltage"),
     r":2: the column of the voltage has no unit"),
    ("other_unit.csv", GOOD.replace("/ s", "/ mol"),
     r":1: this line of names lacks: time; known are Test Time"),
    ("nan.csv", altered(5, LINES[4].split(",")[1], "NaN"),
     r":5: the voltage in column 2 is 'NaN': it is not finite"),
    ("missing.csv", altered(6, LINES[5].split(",")[1], ""), ":6: .* a number is missing"),
    ("large.csv", altered(6, LINES[5].split(",")[1], "1e999"), ":6: .* not finite"),
    ("hexadecimal.csv", altered(3, LINES[2].split(",")[2].strip(), "0x1F"),
     ":3: .* it is no number"),
    ("falls.csv", "".join(LINES[:5] + LINES[3:]),
     r":6: the time falls from .* with a time that only rises"),
    ("repeats.csv", "".join(LINES[:5] + LINES[4:]), r":6: the time .* appears twice"),
    ("anew.csv", GOOD + "".join(LINES[1:]), r":14: the time falls"),
    ("thousands.csv", altered(4, LINES[3].split(",")[1], '"1,234.5"'),
     ":4: .* separators of thousands"),
    ("mixed.csv", table(SERIES, ";") + "90000;1,5;2\n",
     ":14: .* decimal commas and decimal points"),
    ("comma.csv", table(SERIES, ",", True),
     r":2: 6 fields, .* has 3 columns.*decimal commas need another"),
    ("torn.csv", GOOD[:GOOD.rindex(",")] + "\n", r":13: 2 fields, and the line of names has 3"),
    ("heading.csv", GOOD + "End of test\n", r":14: "),
    ("zero.csv", GOOD.encode() + b"1\0", r":14: a zero byte"),
    ("naked16.csv", GOOD.encode("utf-16-le"), r":1: a zero byte"),
    ("odd16.csv", b"\xff\xfe" + GOOD.encode("utf-16-le")[:-1], "odd number of bytes"),
    ("quotation.csv", altered(4, ",", ',"'), r":4: a quotation"),
    ("long.csv", GOOD + "1" * 70000, r":14: a line of more than"),
    ("instrument.mpr", "BIO-LOGIC MODULAR FILE", "export it as text .* EC-Lab"),
    ("empty.csv", "", "no line names the columns"),
    ("names_only.csv", LINES[0], "no row of numbers"),
    ("two.csv", table({"time/s": TIME, "Ewe/V": VOLTAGE, "Ecell/V": RE, "I/A": CURRENT}),
     "two columns are a voltage"),
    ("step_time.csv",
     table({"Time(h:min:s.ms)": ["0:00:01.5", "0:00:00.5"], "Voltage(V)": VOLTAGE[:2],
                             "Current(mA)": CURRENT[:2]}), r":3: the time falls"),
    ("date.csv", table({**NEWARE, "Total Time": ["2026-11-29 10:00:01"] * ROWS}),
     r":2: .* no time of hours"),
    ("angular.csv", table({**SPECTRUM}).replace("/ Hz", "/ rad/s"), "no line names|lacks: "),
    ("twice.csv", table(SPECTRUM) + table(SPECTRUM).partition("\n")[2], r":14: a second spectrum"),
    ("direct.csv", table(SPECTRUM) + "0,1,2\n", r":14: a frequency of 0 Hz"),
    ("halves.csv", table(SPECTRUM).replace("Real Impedance / ohm", "Real Impedance / ohm.cm^2"),
     "per area"),
    ("twice.DTA", (DTA + gamry() + gamry()).encode("latin-1"), "a second table"),
    ("announced.mpt", (EC_LAB.format(8) + table(MPT_SPECTRUM, "\t")).encode("latin-1"),
     "no line names"),
]


class Measured(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        (self.folder / "names.csv").write_text(
            "# of our cycler\ntime,Zeit,s\nvoltage,Spannung,V\ncurrent,Strom\n")

    def export(self, name, content, arguments=()):
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return nakrun.call("export", name, "--bdf", *arguments, ranks=0, folder=self.folder)

    def test_every_instrument(self):
        worst = 0.0
        for name, content, expected, arguments in READ:
            with self.subTest(name):
                out = self.export(name, content, arguments).demand(nakrun.DONE).out.splitlines()
                self.assertEqual(out[0].split(","), list(expected))
                rows = np.array([line.split(",") for line in out[1:]], dtype=float)
                for found, column in zip(rows.T, expected.values()):
                    worst = max(worst, np.abs(found / column - 1).max())
        print(f"{len(READ)} files are read; largest relative error {worst:.1e}")
        self.assertLess(worst, 1e-12)

    def test_what_is_refused(self):
        for name, content, message in REFUSED:
            with self.subTest(name):
                arguments = [] if name.endswith((".DTA", ".mpt")) else CHARGES
                self.export(name, content, arguments).demand(nakrun.INPUT, message)

    def test_signs_areas_and_places(self):
        columns = {"time/s": TIME, "Ewe/V": VOLTAGE, "I/A": CURRENT}
        self.export("sign.csv", table(columns)).demand(nakrun.INPUT,
                                                       "positive=charges or positive=discharges")
        without = self.export("sign.csv", table(columns), ["positive=unknown"])
        self.assertEqual(without.demand(nakrun.DONE).out.splitlines()[0], "Test Time / s,Voltage / V")
        columns = {"time_s": TIME, "voltage_V": VOLTAGE, "current_mA_cm2": CURRENT}
        self.export("area.csv", table(columns), CHARGES).demand(nakrun.INPUT, "area='1 cm")
        self.export("fine.csv", GOOD, ["columns=none.csv"]).demand(nakrun.OUTPUT,
                                                                   "cannot open none.csv")
        (self.folder / "names.csv").write_text("speed,v,m/s\n")
        self.export("fine.csv", GOOD, ["columns=names.csv"]).demand(
            nakrun.INPUT, "names.csv:1: a line of names must be")
        os.mkfifo(self.folder / "pipe.csv")
        for name in ("pipe.csv", "."):
            nakrun.call("export", name, "--bdf", ranks=0, folder=self.folder).demand(
            nakrun.INPUT, "is not a regular file")
        with open(self.folder / "huge.csv", "wb") as file:
            file.truncate(1_000_000_001)
        nakrun.call("export", "huge.csv", "--bdf", ranks=0, folder=self.folder).demand(
            nakrun.INPUT, "at most 1 GB can be read")

    def test_kramers_kronig(self):
        """What a cell cannot have is reported; noise is measured."""
        frequency = 10 ** np.arange(6, -1.05, -0.1)
        z = 30 + 100 / (1 + 2j * np.pi * frequency * 1e-4) + 40 / (
            1 + (2j * np.pi * frequency * 1e-2) ** 0.8)
        noise = np.random.default_rng(3).normal(size=(2, frequency.size))
        noisy = z + abs(z) * 5e-3 * (noise[0] + 1j * noise[1])
        drifting = z * np.linspace(1, 1.4, frequency.size)
        rms = {}
        for name, values in (("clean", z), ("noisy", noisy), ("conjugate", z.conj()),
                             ("drifting", drifting)):
            path = self.folder / f"{name}.csv"
            path.write_text(table({"Frequency / Hz": frequency, "Z' / ohm": values.real,
                                   "Z'' / ohm": values.imag}))
            done = nakrun.call("drt", path, ranks=0).demand(nakrun.DONE,
                                                            "Kramers-Kronig residual over .Z.: ")
            rms[name] = float(done.out.split("|Z|: ")[1].split(" %")[0])
            self.assertEqual("does not obey" in done.err, name in ("conjugate", "drifting"),
                             done.err)
        print("Kramers-Kronig residuals [%]: " + ", ".join(f"{name} {value:.2g}" for name,
                                                           value in rms.items()))
        self.assertLess(rms["clean"], 1e-3)
        self.assertLess(abs(rms["noisy"] / 0.5 - 1), 0.3)


if __name__ == "__main__":
    unittest.main(verbosity=2)
