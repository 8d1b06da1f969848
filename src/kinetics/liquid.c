/* The liquid electrolyte at a face: entries, and the salt that precipitates.  The contract is in
   nakfield/kinetics.h. */
#include <nakfield/kinetics.h>

const NakParam NakLiquidParamRows[] = {
  NAK_ROW_CHOICE("electrolyte.kind", NakLiquidParams, kind, NAK_ELECTROLYTE_SOLID, "solid|liquid",
                 "A solid that only Na can cross; or a liquid, with which the alloy exchanges both "
                 "of its metals"),
  NAK_ROW_CHOICE("electrolyte.transport", NakLiquidParams, transport, NAK_TRANSPORT_MIXED,
                 "mixed|layers",
                 "How ions move in a liquid: it is one well-mixed volume (in 1D only); or they "
                 "diffuse and migrate through the grid's electrolyte layers, which are a separator "
                 "of electrolyte.thickness"),
  NAK_ROW_REAL("electrolyte.porosity", NakLiquidParams, porosity, "1", 0.5, 1e-3, 1,
               "Part of the separator that is liquid; 1 for a liquid without a separator"),
  NAK_ROW_REAL("electrolyte.sodium_diffusivity", NakLiquidParams, diffusivity[NAK_ION_NA], "m^2/s",
               2.5e-10, 1e-16, 1e-6, "Diffusivity of Na+ in the free liquid, for the layers"),
  NAK_ROW_REAL("electrolyte.potassium_diffusivity", NakLiquidParams, diffusivity[NAK_ION_K],
               "m^2/s", 3e-10, 1e-16, 1e-6, "The same of K+"),
  NAK_ROW_REAL("electrolyte.anion_diffusivity", NakLiquidParams, diffusivity[NAK_ION_X], "m^2/s",
               3e-10, 1e-16, 1e-6, "The same of the anion"),
  NAK_ROW_REAL("electrolyte.exchange_time", NakLiquidParams, exchange_time, "s", 0, 0, 1e12,
               "Time in which the liquid in the separator exchanges its ions with the rest of "
               "electrolyte.volume, for the layers; 0: with none"),
  NAK_ROW_REAL(
    "electrolyte.concentration", NakLiquidParams, concentration, "mol/m^3", 1000, 1e-3, 1e5,
    "Salt in the liquid at the start, that of Na unless electrolyte.potassium says otherwise"),
  NAK_ROW_REAL(
    "electrolyte.potassium", NakLiquidParams, potassium, "1", 0, 0, 0.999,
    "Part of the liquid's cations that is K+ at the start, with layers of ions; the rest is Na+"),
  NAK_ROW_REAL("electrolyte.volume", NakLiquidParams, volume, "m^3", 100e-9, 1e-15, 1,
               "Volume of the liquid electrolyte; with layers, what the separator does not hold is "
               "beyond it"),
  NAK_ROW_REAL("membrane.thickness", NakLiquidParams, membrane, "m", 0, 0, 1e-2,
               "Membrane or solid electrolyte amid the separator, with layers of ions; 0 for none"),
  NAK_ROW_REAL("membrane.anions", NakLiquidParams, membrane_anions, "mol/m^3", 1000, 1e-3, 1e5,
               "Anions that are fixed in the membrane; as many cations are in it"),
  NAK_ROW_REAL("membrane.sodium_diffusivity", NakLiquidParams, membrane_diffusivity[NAK_ION_NA],
               "m^2/s", 1e-11, 0, 1e-6,
               "Diffusivity of Na+ in the membrane; 0 for a membrane that keeps Na+ back"),
  NAK_ROW_REAL("membrane.potassium_diffusivity", NakLiquidParams, membrane_diffusivity[NAK_ION_K],
               "m^2/s", 0, 0, 1e-6, "The same of K+; 0 for a membrane that keeps K+ back"),
  NAK_ROW_REAL("kinetics.potassium_exchange", NakLiquidParams, potassium_exchange, "A/m^2", 0, 0,
               1e6, "Exchange current of K in the liquid, at activity and concentration 1"),
  NAK_ROW_REAL("kinetics.potassium_offset", NakLiquidParams, potassium_offset, "V", 0.313, -2, 2,
               "Standard potential of Na less that of K in the liquid"),
  NAK_ROW_REAL("kinetics.potassium_share", NakLiquidParams, potassium_share, "1", 0, 0, 1,
               "K that is stripped with Na, over that Na: a leak in proportion to the charge, not "
               "to the time"),
  NAK_ROW_REAL(
    "salt.solubility", NakLiquidParams, solubility, "mol/m^3", 0, 0, 1e5,
    "Solubility of the salt of K and the anion in the solvent; 0: the salt stays dissolved"),
  NAK_ROW_REAL("salt.rate", NakLiquidParams, rate, "mol/m^2/s", 1e-4, 1e-12, 1e3,
               "Rate at which the salt precipitates on each face, at twice the solubility product"),
  NAK_ROW_REAL("salt.separator_rate", NakLiquidParams, separator_rate, "mol/m^3/s", 0, 0, 1e6,
               "Rate at which it precipitates in the pores of the separator, at four times the "
               "solubility product, for the layers; 0: only on the faces"),
  NAK_ROW_REAL("salt.molar_volume", NakLiquidParams, molar_volume, "m^3/mol", 54.9e-6, 1e-6, 1e-3,
               "Molar volume of that salt; the default is that of KClO4"),
  NAK_ROW_REAL("salt.resistance", NakLiquidParams, resistance, "ohm.m^2", 0, 0, 1e3,
               "Resistance of the surface layer of each face, as long as it holds no salt"),
  NAK_ROW_REAL("salt.room", NakLiquidParams, room, "mol/m^2", 0.359, 1e-9, 1e6,
               "Salt that closes the pores of that layer"),
  NAK_ROW_REAL("salt.exponent", NakLiquidParams, exponent, "1", 1, 0.1, 10,
               "Exponent in the resistance of that layer: R / (1 - salt / room)^exponent"),
  NAK_ROW_REAL("salt.slowing", NakLiquidParams, slowing, "mol/m^2", 0, 0, 1e6,
               "Salt on a face that halves the exchange current of K; 0 for none"),
  NAK_ROW_END,
};

void NakKineticsBathe(NakKinetics *k, const NakLiquidParams *liquid,
                      const NakReactionParams *reaction)
{
  const PetscReal area = PetscMax(reaction->area, 1);

  k->liquid = *liquid;
  k->liquid.potassium_exchange *= area * NakArrhenius(reaction->activation_energy, k->alloy.T);
  k->liquid.rate *= area;
  k->liquid.room *= area;
  k->liquid.slowing *= area;
  k->liquid.resistance /= area;
  k->liquid.solubility /= liquid->concentration;
  if (liquid->kind == NAK_ELECTROLYTE_LIQUID) k->adlayer = 0; /* it is on a solid one */
}

/* dm/dt = k (S - 1), S = c_K c_X / s^2; what dissolves must be there. */
NakSaltRate NakKineticsSalt(const NakKinetics *k, PetscReal salt, PetscReal potassium,
                            PetscReal anion)
{
  const NakLiquidParams *p       = &k->liquid;
  const PetscReal        trace   = 1e-4; /* [mol/m2]: some nm */
  const PetscReal        product = p->solubility * p->solubility;
  const PetscReal        excess  = potassium * anion / product - 1;
  const PetscReal        there   = salt / (salt + trace);
  const PetscReal        part    = excess > 0 ? 1 : there;

  if (p->solubility == 0) return (NakSaltRate){0};
  return (NakSaltRate){.value = p->rate * part * excess,
                       .dsalt = excess > 0 ? 0 : p->rate * excess * (1 - there) / (salt + trace),
                       .dpotassium = p->rate * part * anion / product,
                       .danion     = p->rate * part * potassium / product};
}

PetscReal NakKineticsSaltResistance(const NakKinetics *k, PetscReal salt, PetscReal *slope)
{
  const NakLiquidParams *p    = &k->liquid;
  const PetscReal        open = 1 - salt / p->room;
  const PetscReal        R    = p->resistance * PetscPowReal(open, -p->exponent);

  *slope = p->exponent * R / (open * p->room);
  return R;
}
