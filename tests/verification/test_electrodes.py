"""Two electrodes: mirror images, spectra, direct contact against closed forms, balances and ranks.
"""
import csv
import math
import os
import sys
import tempfile
import unittest
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import nakrun

GAS, FARADAY, T = 8.314462618, 96485.33212, 298.15
PELLET = 1.1e-3 / 0.14 * 1e4  # ohm cm2

# An interphase that depletes, a film, Na metal; a current each way and a voltage.
MIRROR = """
title: two equal electrodes
counter:  alloy
grid:     {nx: NX, width: 32 um}
protocol:
  - {current: SIGN0.3 mA/cm^2, for: 20 s}
  - {current: SIGN-0.35 mA/cm^2, for: 40 s}
  - {voltage: SIGN60 mV, for: 20 s}
  - {rest: 10 s}
"""

SPECTRUM = """
title: a spectrum
electrolyte: {grain_boundary_resistivity: 0 ohm.m}
impedance:   {frequency_min: 1 mHz, per_decade: 2}
protocol:    [{rest: 1 s}, {impedance: }]
"""

# Charge transfer alone: no adlayer, no Na metal, and little capacity.
DIRECT = """
title: an alloy on the bare electrolyte
alloy:       {potassium: 56 wt%, volume: 200 uL}
cell:        {area: 0.95 cm^2}
electrolyte: {conductivity: 0.14 S/m, pellet_thickness: 1.1 mm, grain_boundary_resistivity: 0 ohm.m}
interphase:  none
kinetics:    {charge_transfer_resistance: 15 ohm.cm^2, adlayer_charge: 0 C/m^2, deposit_barrier: 10 V}
limits:      {voltage_max: 10 V}
protocol:    [{current: CURRENT mA/cm^2, for: 0.1 s}]
"""


def spectrum(*overrides):
    with tempfile.TemporaryDirectory() as scratch:
        nakrun.run(SPECTRUM, *overrides, folder=scratch)
        with open(Path(scratch) / "run" / "impedance.csv", newline="", encoding="utf-8") as file:
            return [complex(float(row["z_re_ohm_cm2"]), float(row["z_im_ohm_cm2"])) for row in csv.DictReader(file)]


class Electrodes(unittest.TestCase):
    def test_mirror_images(self):
        """V(I) = -V(-I): what one electrode does, the other does as well.  In time steps alike, so
        to rounding.
        """
        for nx, ranks, bound in ((1, 1, 1e-10), (8, 2, 1e-8)):
            deck = MIRROR.replace("NX", str(nx))
            here = nakrun.run(deck.replace("SIGN-", "-").replace("SIGN", ""), ranks=ranks)
            there = nakrun.run(deck.replace("SIGN-", "").replace("SIGN", "-"), ranks=ranks)
            worst = max(abs(a + b) for a, b in zip(here.series["voltage_V"], there.series["voltage_V"]))
            self.assertEqual(len(here.series["time_s"]), len(there.series["time_s"]))
            print(f"nx = {nx}: V(I) + V(-I) at most {worst:.1e} V in {len(here.series['time_s'])} rows; "
                  f"balances {here.balance:.1e}, {there.balance:.1e}")
            self.assertLess(worst, bound)
            self.assertGreater(max(here.series["voltage_V"]), 0.1)
            self.assertLess(max(here.balance, there.balance), 1e-10)

    def test_sodium_is_the_same_as_nothing(self):
        deck = MIRROR.replace("NX", "1").replace("SIGN-", "-").replace("SIGN", "").replace("counter:  alloy\n", "")
        with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b:
            nakrun.run(deck, folder=a)
            nakrun.run(deck, "counter=sodium", folder=b)
            self.assertEqual(*((Path(p) / "run" / "timeseries.csv").read_bytes() for p in (a, b)))

    def test_spectrum(self):
        """Of two equal electrodes twice that of one, less the electrolyte that they share."""
        electrolyte = 1.5e-3 / 0.1 * 1e4
        half, whole = spectrum(), spectrum("counter=alloy")
        worst = max(abs(2 * (z - electrolyte) + electrolyte - both) / abs(both) for z, both in zip(half, whole))
        print(f"spectrum of two electrodes: {worst:.1e} from twice that of one, at {len(half)} frequencies")
        self.assertGreater(len(half), 15)
        self.assertLess(worst, 1e-7)

    def test_direct_contact(self):
        """Butler and Volmer at alpha = 1/2: I = 2 i0 sinh(F eta / 2 R T) with i0 = R T / F R_ct;
        the alloy's drop, below 1e-4 of all, is what differs."""
        i0 = GAS * T / FARADAY / 15 * 1e3  # mA/cm2
        for current in (1, 25, 65, -25):
            eta = 2 * GAS * T / FARADAY * math.asinh(current / (2 * i0))
            one = nakrun.run(DIRECT.replace("CURRENT", str(current)))
            two = nakrun.run(DIRECT.replace("CURRENT", str(current)), "counter=alloy")
            rest = nakrun.run(DIRECT.replace("CURRENT", "1e-9")).series["voltage_V"][-1]
            ohmic = current * PELLET * 1e-3
            print(f"{current} mA/cm2: {one.series['voltage_V'][-1]:.5f} V of one face, {rest + eta + ohmic:.5f} by the "
                  f"formula; {two.series['voltage_V'][-1]:.5f} V of two, {2 * eta + ohmic:.5f}")
            self.assertLess(abs(one.series["voltage_V"][-1] - rest - eta - ohmic), 2e-4 * abs(ohmic + eta))
            self.assertLess(abs(two.series["voltage_V"][-1] - 2 * eta - ohmic), 2e-4 * abs(ohmic + eta))

    def test_scaffold(self):
        """Three times the area of contact is a third of the resistance, and three times what the
        face stores.  The entries multiplied by hand give the same run, in a solid and in a liquid
        electrolyte."""
        steps = "protocol=[{plate: 2 mA/cm^2, for: 100 s}, {strip: 1 mA/cm^2, for: 5 s}]"
        plain_face = ("kinetics.adlayer_charge=1 C/m^2",)
        by_hand = ("kinetics.charge_transfer_resistance=5 ohm.cm^2", "kinetics.double_layer=6e-3 F/m^2")
        solid = by_hand + ("kinetics.adlayer_charge=3 C/m^2",)
        bath = ("electrolyte={kind: liquid, concentration: 1 mol/L, volume: 100 uL}", "counter=alloy",
                "kinetics.deposit_barrier=10 V")
        salt = ("kinetics.potassium_exchange=1 A/m^2", "salt={solubility: 20 mol/m^3, resistance: 6e-3 ohm.m^2, "
                "room: 0.3 mol/m^2, slowing: 0.1 mol/m^2, rate: 1e-4 mol/m^2/s}")
        more = ("kinetics.potassium_exchange=3 A/m^2", "salt={solubility: 20 mol/m^3, resistance: 2e-3 ohm.m^2, "
                "room: 0.9 mol/m^2, slowing: 0.3 mol/m^2, rate: 3e-4 mol/m^2/s}")
        for name, given, changed, column in (("solid", plain_face, solid, "voltage_V"),
                                             ("liquid", bath + salt, bath + by_hand + more, "salt_um")):
            deck = DIRECT.replace("CURRENT", "1")
            plain = nakrun.run(deck, steps, *given)
            one = nakrun.run(deck, steps, *given, "scaffold.area=3")
            other = nakrun.run(deck, steps, *changed)
            self.assertEqual(len(one.series["time_s"]), len(other.series["time_s"]), name)
            worst = max(abs(a - b) for a, b in zip(one.series["voltage_V"], other.series["voltage_V"]))
            apart = max(map(abs, one.series["voltage_V"])) - max(map(abs, plain.series["voltage_V"]))
            print(f"scaffold, {name}: {worst:.1e} V from the entries by hand, {apart:.3f} V from none; "
                  f"{column} {one.series[column][-1]:.4g}")
            self.assertLess(worst, 1e-9, name)
            self.assertGreater(abs(apart), 1e-3, name)
            self.assertGreater(max(one.series[column]), 0, name)
            self.assertLess(one.balance, 1e-9, name)

    def test_another_alloy_opposite(self):
        """At rest the voltage is the difference of the activities of Na; current equalises the two.
        """
        rest = {}
        for potassium in (45, 65):
            rest[potassium] = nakrun.run(DIRECT.replace("CURRENT", "1e-9"), f"alloy.potassium={potassium} wt%")
        both = nakrun.run(DIRECT.replace("CURRENT", "1e-9"), "alloy.potassium=65 wt%",
                          "counter={kind: alloy, potassium: 45 wt%, volume: 100 uL}")
        expected = rest[65].series["voltage_V"][-1] - rest[45].series["voltage_V"][-1]
        self.assertAlmostEqual(both.series["voltage_V"][-1], expected, delta=1e-8)
        shorted = nakrun.run(DIRECT.replace("{current: CURRENT mA/cm^2, for: 0.1 s}", "{voltage: 0 V, for: 30000 h}"),
                             "alloy.potassium=65 wt%", "counter={kind: alloy, potassium: 45 wt%, volume: 100 uL}")
        x = shorted.series["reservoir_x"][-1], shorted.series["counter_x"][-1]
        print(f"shorted, two alloys come to x = {x[0]:.9f} and {x[1]:.9f}; balances {shorted.balance:.1e}")
        self.assertAlmostEqual(*x, delta=1e-6)
        self.assertLess(shorted.balance, 1e-10)


if __name__ == "__main__":
    unittest.main(verbosity=2)
