/* Balances of Na, K and charge; the contract is in nakfield/diagnostics.h. */
#include <nakfield/diagnostics.h>

NakBalance NakBalanceBegin(const NakInventory start[NAK_ELECTRODES], PetscReal layer)
{
  NakBalance balance = {.last_total = start->q_total, .throughput = layer};

  for (int e = 0; e < NAK_ELECTRODES; e++) {
    balance.start[e]  = start[e];
    balance.last_k[e] = start[e].q_k;
  }
  return balance;
}

/* Raise the balances of the record to the errors of one electrode, if those are larger. */
static void Check(const NakInventory *start, const NakInventory *now, PetscReal throughput,
                  NakRecord *record)
{
  const PetscReal reacted = now->q_faraday - start->q_faraday;
  const PetscReal passed  = now->q_total - start->q_total;
  const PetscReal stored  = now->layer - start->layer;
  const PetscReal q_k     = now->q_k - start->q_k;
  const PetscReal scale_k = PetscMax(start->k, start->sites / NAK_FARADAY);
  const PetscReal scale   = PetscMax(start->na, start->sites);
  const PetscReal na      = PetscAbsReal(start->na - now->na - (reacted - q_k)) / scale;
  const PetscReal k       = PetscAbsReal(now->k + q_k / NAK_FARADAY - start->k) / scale_k;
  const PetscReal charge  = PetscAbsReal(passed - reacted - stored) / throughput;

  record->na_balance     = PetscMax(record->na_balance, na);
  record->k_balance      = PetscMax(record->k_balance, k);
  record->charge_balance = PetscMax(record->charge_balance, charge);
}

/* The same by the ions in layers of the electrolyte, which only the electrodes give and take. */
static void CheckIons(const NakInventory *start, const NakInventory *now, NakRecord *record)
{
  const PetscReal na = PetscAbsReal(now->ions_na - start->ions_na) / start->ions;
  const PetscReal k  = PetscAbsReal(now->ions_k - start->ions_k) / start->ions;

  record->na_balance = PetscMax(record->na_balance, na);
  record->k_balance  = PetscMax(record->k_balance, k);
}

void NakBalanceCheck(NakBalance *balance, const NakInventory now[NAK_ELECTRODES], NakRecord *record)
{
  balance->throughput += PetscAbsReal(now->q_total - balance->last_total);
  balance->last_total = now->q_total;
  for (int e = 0; e < NAK_ELECTRODES; e++) {
    balance->throughput += PetscAbsReal(now[e].q_k - balance->last_k[e]);
    balance->last_k[e] = now[e].q_k;
  }
  record->na_balance = record->k_balance = record->charge_balance = 0;
  for (int e = 0; e < NAK_ELECTRODES; e++)
    if (balance->start[e].na > 0) Check(&balance->start[e], &now[e], balance->throughput, record);
  if (balance->start[0].ions > 0) CheckIons(&balance->start[0], &now[0], record);
  balance->na_largest     = PetscMax(balance->na_largest, record->na_balance);
  balance->k_largest      = PetscMax(balance->k_largest, record->k_balance);
  balance->charge_largest = PetscMax(balance->charge_largest, record->charge_balance);
}
