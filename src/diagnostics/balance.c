/* Balances of Na, K and charge; the contract is in nakfield/diagnostics.h. */
#include <nakfield/diagnostics.h>

NakBalance NakBalanceBegin(const NakInventory *start, PetscReal layer)
{
  return (NakBalance){.start = *start, .last_total = start->q_total, .throughput = layer};
}

void NakBalanceCheck(NakBalance *balance, const NakInventory *now, NakRecord *record)
{
  const NakInventory *start   = &balance->start;
  const PetscReal     reacted = now->q_faraday - start->q_faraday;
  const PetscReal     passed  = now->q_total - start->q_total;
  const PetscReal     stored  = now->layer - start->layer;

  balance->throughput += PetscAbsReal(now->q_total - balance->last_total);
  balance->last_total     = now->q_total;
  record->na_balance      = PetscAbsReal(start->na - now->na - reacted) / start->na;
  record->k_balance       = PetscAbsReal(now->k - start->k) / start->k;
  record->charge_balance  = PetscAbsReal(passed - reacted - stored) / balance->throughput;
  balance->na_largest     = PetscMax(balance->na_largest, record->na_balance);
  balance->k_largest      = PetscMax(balance->k_largest, record->k_balance);
  balance->charge_largest = PetscMax(balance->charge_largest, record->charge_balance);
}
