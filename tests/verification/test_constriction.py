#!/usr/bin/env python3
"""Constriction resistance of contacts at one potential, against what is known in closed form.

The voltage of a cell without any other resistance than its electrolyte is that of the same cell in
full contact and the constriction.  Contacts are at one potential because charge transfer and
interphase cost nothing here.  Resistances per area of the cell; a is a half-width or radius, w the
period.

Strip: sin(pi z / w) maps the half-infinite channel of width w to a half-plane and the strip to the
segment between -k and k, k = sin(pi a / w).  There the potential is (I / pi sigma) arcosh(. / k),
which far away is the one of full contact and (I / pi sigma) ln(1 / k).  (The same formula: R. Holm,
Electric Contacts, 1967; T. N. Veziroglu and S. Chandra, 1969.)

Disc: rho / (4 a) (Holm) for one alone; in a square lattice less what its neighbours and their mean
contribute.  The potential of the others is, with the lattice sums S1 = -3.900265 (L. Bonsall and A.
A. Maradudin, Phys. Rev. B 15 (1977) 1959) and S3 = 9.0336, that of a source times S1 / w + S3 r^2
/ (4 w^3), averaged over charge and potential of the disc, where r^2 is 4 a^2 / 3.  So
    R = rho w^2 / (4 a) [1 - 2.4830 a / w + 1.9170 (a / w)^3].
(For a disc on a round cylinder of the same area the second coefficient is 0.6 % larger: M. G.
Cooper, B. B. Mikic and M. M. Yovanovich, Int. J. Heat Mass Transfer 12 (1969) 279, and later
series.)

Where the contact ends the current density is singular, so the error falls with the first power of
the cells' width, and two grids extrapolate to a tenth of it.  A disc on a grid is made of whole
columns: it is compared with the round one of the same area, and its ragged rim, different on each
grid, shows no clean order.
"""
import math
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nakrun  # noqa: E402

SIGMA = 0.1  # [S/m]
WIDTH = 64e-6  # [m]
BOUND = 0.02
PERFECT = [
    "cell.series_resistance=0 ohm.m^2", f"electrolyte.conductivity={SIGMA} S/m",
    "kinetics.charge_transfer_resistance=1e-9 ohm.m^2", "kinetics.double_layer=1 uF/cm^2",
    "interphase.limiting_current=1e6 A/m^2", "interphase.diffusion_time=0.1 s",
    "grid.interphase_layers=1", "grid.alloy_layers=2", "grid.finest_alloy=0 m", f"grid.width={WIDTH} m"]


def strip(fraction):
    return WIDTH / (math.pi * SIGMA) * math.log(1 / math.sin(math.pi * fraction / 2))


def disc(fraction):
    radius = math.sqrt(fraction / math.pi)  # over the width
    return WIDTH / (4 * SIGMA * radius) * (1 - 2.4830 * radius + 1.9170 * radius**3)


def measured(shape, fraction, cells, layers, *overrides):
    """[ohm m2] at 1 A/m2, and the share in contact; the first row is the cell without constriction.
    """
    run = nakrun.run(
        "protocol:\n  - {strip: 1 A/m^2, for: 1 s}\n", *PERFECT, f"contact.shape={shape}",
        f"contact.fraction={fraction}", f"grid.nx={cells}", f"grid.electrolyte_layers={layers}",
        f"grid.finest_electrolyte={WIDTH / cells / 4} m", *overrides)
    voltage = run.series["voltage_V"]
    return voltage[-1] - voltage[0], run.series["contact_fraction"][0]


class Constriction(unittest.TestCase):
    def check(self, note, formula, found):
        errors = [resistance / formula(share) - 1 for resistance, share in found]
        extrapolated = 2 * errors[-1] - errors[-2]
        print(f"{note}: {formula(found[-1][1]):.4e} ohm m2, errors "
              + ", ".join(f"{e:+.2%}" for e in errors) + f", extrapolated {extrapolated:+.2%}")
        self.assertLess(abs(errors[-1]), BOUND, note)
        self.assertLess(abs(extrapolated), BOUND / 5, note)
        return errors

    def test_full_contact(self):
        resistance, share = measured("strip", 1, 8, 10, "electrolyte.thickness=128 um")
        self.assertLess(abs(resistance), 1e-7)
        self.assertEqual(share, 1)

    def test_strip(self):
        grids = ((32, 24), (64, 32), (128, 40), (256, 52))
        for fraction, lateral in ((0.5, "periodic"), (0.25, "symmetric"), (0.25, "periodic")):
            with self.subTest(fraction=fraction, lateral=lateral):
                errors = self.check(f"{lateral} strip on {fraction}", strip, [
                    measured("strip", fraction, cells, layers, f"grid.lateral={lateral}",
                             "electrolyte.thickness=128 um") for cells, layers in grids])
                for coarse, fine in zip(errors, errors[1:]):
                    self.assertAlmostEqual(math.log2(coarse / fine), 1, delta=0.15)

    def test_disc(self):
        found = [measured("disc", 0.1, cells, layers, f"grid.ny={cells}", "electrolyte.thickness=96 um")
                 for cells, layers in ((32, 16), (64, 20), (128, 26))]
        self.check("disc on 0.1", disc, found)
        for cells, (_, share) in zip((32, 64, 128), found):  # mirror images come by eight
            self.assertLessEqual(abs(share - 0.1) * cells**2, 4)


if __name__ == "__main__":
    unittest.main(verbosity=2)
