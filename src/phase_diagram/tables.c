/* The tables and the text of a diagram; the contract is in phase_diagram_impl.h. */
#include "phase_diagram_impl.h"

#include <nakfield/store.h>
#include <unistd.h>

const char *NakPhaseName(const NakMaterial *material, PetscInt phase)
{
  if (phase == NAK_PHASE_LIQUID) return "liquid";
  return phase == NAK_PHASE_SOLID ? "solid" : material->compounds[phase - NAK_PHASE_COMPOUND].name;
}

const char *NakInvariantName(NakInvariantKind kind)
{
  switch (kind) {
  case NAK_INVARIANT_MELTING:
    return "melting";
  case NAK_INVARIANT_CONGRUENT:
    return "congruent";
  case NAK_INVARIANT_EUTECTIC:
    return "eutectic";
  case NAK_INVARIANT_PERITECTIC:
    return "peritectic";
  case NAK_INVARIANT_CRITICAL:
    return "critical";
  }
  return "";
}

/* ---- Tables ---- */

static void WriteTies(const NakMaterial *m, PetscReal T, FILE *file)
{
  const NakAlloy      alloy = NakThermoAlloy(m, T);
  const NakEquilibria all   = NakThermoEquilibria(&alloy, PETSC_TRUE);

  for (PetscInt k = 0; k < all.n; k++) {
    const NakTie *tie = &all.tie[k];

    (void)fprintf(file, "%.9g,%s,%.9g,%s,%.9g\n", (double)T, NakPhaseName(m, tie->phase[0]),
                  (double)tie->x[0], NakPhaseName(m, tie->phase[1]), (double)tie->x[1]);
  }
}

/* Every half kelvin, and close to the invariant points, where lines end. */
static void WriteBoundaries(const NakDiagram *d, FILE *file)
{
  static const PetscReal near[] = {-0.2, -0.02, -1e-3, 1e-3, 0.02, 0.2};
  const NakMaterial     *m      = d->material;
  PetscReal              T      = m->lowest;
  PetscInt               point = 0, n = 0; /* the next close one */

  (void)fprintf(file, "temperature_K,phase_left,x_%s_left,phase_right,x_%s_right\n", m->a.symbol,
                m->a.symbol);
  for (PetscInt step = 0; T < m->highest; step++) {
    T = PetscMin(m->lowest + (PetscReal)step / 2, m->highest);
    while (point < d->n_invariants && d->invariants[point].T + near[n] < T) {
      WriteTies(m, PetscMax(d->invariants[point].T + near[n], m->lowest), file);
      n = (n + 1) % 6;
      if (n == 0) point++;
    }
    WriteTies(m, T, file);
  }
}

static void WriteInvariants(const NakDiagram *d, FILE *file)
{
  const char *const A = d->material->a.symbol;

  (void)fprintf(file, "temperature_K,kind,phase_1,x_%s_1,phase_2,x_%s_2,phase_3,x_%s_3\n", A, A, A);
  for (PetscInt i = 0; i < d->n_invariants; i++) {
    const NakInvariant *p = &d->invariants[i];

    (void)fprintf(file, "%.9g,%s", (double)p->T, NakInvariantName(p->kind));
    for (PetscInt k = 0; k < 3; k++)
      if (k < p->n)
        (void)fprintf(file, ",%s,%.9g", NakPhaseName(d->material, p->phase[k]), (double)p->x[k]);
      else
        (void)fprintf(file, ",,");
    (void)fprintf(file, "\n");
  }
}

static void WriteEnergyRow(const NakDiagram *d, PetscReal x, FILE *file)
{
  const NakAlloy *a      = &d->alloy;
  const NakLiquid liquid = NakThermoLiquid(a, x);
  const PetscReal ocv    = -liquid.ln_activity * NAK_GAS_CONSTANT * a->T / NAK_FARADAY;
  PetscReal       x_a, x_b;
  const PetscReal rich_b = NakThermoDriving(a, x, PETSC_FALSE, &x_b);
  const PetscReal rich_a = NakThermoDriving(a, x, PETSC_TRUE, &x_a);

  (void)fprintf(file, "%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g", (double)x,
                (double)NakSolutionEnergy(&a->liquid, x), (double)NakSolutionEnergy(&a->solid, x),
                (double)NakSolutionMuA(&a->liquid, x), (double)NakSolutionMuB(&a->liquid, x),
                (double)ocv, (double)liquid.factor, (double)rich_b, (double)x_b, (double)rich_a,
                (double)x_a);
  for (PetscInt k = 0; k < a->n_compounds; k++)
    (void)fprintf(file, ",%.9g", (double)NakThermoDrivingCompound(a, x, k));
  (void)fprintf(file, "\n");
}

static void WriteEnergies(const NakDiagram *d, FILE *file)
{
  const char *const A = d->material->a.symbol, *const B = d->material->b.symbol;
  const PetscInt parts = 200;

  (void)fprintf(file,
                "x_%s,liquid_J_mol,solid_J_mol,mu_%s_J_mol,mu_%s_J_mol,ocv_V,thermodynamic_factor,"
                "driving_%s_J_mol,x_%s_in_%s,driving_%s_J_mol,x_%s_in_%s",
                A, A, B, B, A, B, A, A, A);
  for (PetscInt k = 0; k < d->alloy.n_compounds; k++)
    (void)fprintf(file, ",driving_%s_J_mol", d->material->compounds[k].name);
  (void)fprintf(file, "\n");
  for (PetscInt i = 1; i < parts; i++) WriteEnergyRow(d, (PetscReal)i / (PetscReal)parts, file);
}

/* ---- Files ---- */

typedef struct {
  const NakDiagram *diagram;
  void (*rows)(const NakDiagram *diagram, FILE *file);
} Table;

static PetscErrorCode WriteRows(FILE *file, const void *ctx)
{
  const Table *const table = ctx;

  PetscFunctionBeginUser;
  table->rows(table->diagram, file);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode WriteTable(const char *folder, const char *name, Table table)
{
  char path[PETSC_MAX_PATH_LEN];

  PetscFunctionBeginUser;
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  PetscCheck(table.diagram->replace || access(path, F_OK) != 0, PETSC_COMM_SELF,
             PETSC_ERR_FILE_OPEN,
             "%s is there already: choose another folder with output.directory=..., or give "
             "--replace",
             path);
  PetscCall(NakFileReplace(path, WriteRows, &table));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakDiagramWrite(const NakDiagram *diagram, const char *folder)
{
  PetscFunctionBeginUser;
  PetscCall(NakDirectoryMake(folder));
  PetscCall(WriteTable(folder, "boundaries.csv", (Table){diagram, WriteBoundaries}));
  PetscCall(WriteTable(folder, "invariants.csv", (Table){diagram, WriteInvariants}));
  PetscCall(WriteTable(folder, "energies.csv", (Table){diagram, WriteEnergies}));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Summary ---- */

static PetscReal WeightPercent(const NakMaterial *m, PetscReal x)
{
  return 100 * x * m->a.mass / (x * m->a.mass + (1 - x) * m->b.mass);
}

static PetscErrorCode PrintLiquid(const NakDiagram *d)
{
  const NakMaterial  *m    = d->material;
  const NakEquilibria all  = NakThermoEquilibria(&d->alloy, PETSC_TRUE);
  PetscBool           none = PETSC_TRUE;

  PetscFunctionBeginUser;
  for (PetscInt i = 0; i <= all.n; i++) {
    const PetscInt  phase = i > 0 ? all.tie[i - 1].phase[1] : all.at_b;
    const PetscReal low   = i > 0 ? all.tie[i - 1].x[1] : 0;
    const PetscReal high  = i < all.n ? all.tie[i].x[0] : 1;

    if (phase != NAK_PHASE_LIQUID) continue;
    none = PETSC_FALSE;
    PetscCall(PetscPrintf(
      PETSC_COMM_SELF, "at %.2f K liquid from x_%s = %.4f to %.4f (%.2f to %.2f wt%% %s)\n",
      (double)d->alloy.T, m->a.symbol, (double)low, (double)high, (double)WeightPercent(m, low),
      (double)WeightPercent(m, high), m->a.symbol));
  }
  if (none)
    PetscCall(PetscPrintf(PETSC_COMM_SELF, "at %.2f K no liquid is stable\n", (double)d->alloy.T));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakDiagramPrint(const NakDiagram *d, const char *folder)
{
  const NakMaterial *m = d->material;

  PetscFunctionBeginUser;
  PetscCall(PetscPrintf(PETSC_COMM_SELF, "%s: %s and %s, from %.2f K to %.2f K\n", m->name,
                        m->a.symbol, m->b.symbol, (double)m->lowest, (double)m->highest));
  if (m->unverified[0] != '\0')
    PetscCall(PetscPrintf(PETSC_COMM_SELF, "not verified: %s\n", m->unverified));
  for (PetscInt i = 0; i < d->n_invariants; i++) {
    const NakInvariant *p = &d->invariants[i];

    PetscCall(
      PetscPrintf(PETSC_COMM_SELF, "%9.2f K %-10s", (double)p->T, NakInvariantName(p->kind)));
    for (PetscInt k = 0; k < p->n; k++)
      PetscCall(PetscPrintf(PETSC_COMM_SELF, "  %s x_%s = %.4f", NakPhaseName(m, p->phase[k]),
                            m->a.symbol, (double)p->x[k]));
    PetscCall(PetscPrintf(PETSC_COMM_SELF, "\n"));
  }
  PetscCall(PrintLiquid(d));
  PetscCall(PetscPrintf(PETSC_COMM_SELF, "tables in %s; scripts/plot_phases.py %s draws them\n",
                        folder, folder));
  PetscFunctionReturn(PETSC_SUCCESS);
}
