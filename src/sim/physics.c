/* The physics of a checkpoint against that of a deck.  It is the entries that define the cell, and
   the numbers of its material.  They are lines of text that can be compared by name. */
#include "sim_impl.h"

#include <stdlib.h>
#include <string.h>

static void WriteEnergy(const char *name, const NakEnergy *e, FILE *file)
{
  (void)fprintf(file, "material.%s:", name);
  for (PetscInt k = 0; k < e->n; k++)
    (void)fprintf(file, " %.17g T^%d%s", (double)e->value[k], (int)e->power[k],
                  e->log[k] ? " ln(T)" : "");
  (void)fputc('\n', file);
}

static void WriteSolution(const char *name, const NakSolutionData *s, FILE *file)
{
  char term[NAK_TEXT_SIZE];

  (void)snprintf(term, sizeof term, "%s.A", name);
  WriteEnergy(term, &s->a, file);
  (void)snprintf(term, sizeof term, "%s.B", name);
  WriteEnergy(term, &s->b, file);
  for (PetscInt k = 0; k < s->orders; k++) {
    (void)snprintf(term, sizeof term, "%s.mixing.%d", name, (int)k);
    WriteEnergy(term, &s->mixing[k], file);
  }
}

static void WriteMetal(const char *name, const NakMetal *m, FILE *file)
{
  (void)fprintf(file, "material.%s: %s %.17g %.17g %.17g %.17g\n", name, m->symbol, (double)m->mass,
                (double)m->volume, (double)m->solid_volume, (double)m->solid_liquid_energy);
}

/* A material by its numbers, because its file may have moved, or changed under the same name. */
static void WriteMaterial(const NakMaterial *m, FILE *file)
{
  char name[NAK_TEXT_SIZE];

  WriteMetal("A", &m->a, file);
  WriteMetal("B", &m->b, file);
  (void)fprintf(file, "material.numbers: %.17g %.17g %.17g %.17g %.17g %.17g\n", (double)m->lowest,
                (double)m->highest, (double)m->volume_excess, (double)m->surface_tension,
                (double)m->diffusivity, (double)m->solute_limit);
  WriteSolution("liquid", &m->liquid, file);
  WriteSolution("solid", &m->solid, file);
  for (PetscInt k = 0; k < m->n_compounds; k++) {
    (void)snprintf(name, sizeof name, "compounds.%s", m->compounds[k].name);
    WriteEnergy(name, &m->compounds[k].energy, file);
    (void)fprintf(file, "material.%s.x: %.17g\n", name, (double)m->compounds[k].x);
  }
}

/* The entries that define the cell, as lines, of malloc(). */
static PetscErrorCode PhysicsText(NakSim s, char **text, size_t *size)
{
  NakSection     physics[NAK_SIM_SECTIONS];
  FILE          *file = open_memstream(text, size);
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCheck(file != NULL, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for the deck's entries");
  NakSimPhysics(&s->params, physics);
  code = NakSchemaWriteValues(physics, file);
  WriteMaterial(&s->params.model.material, file);
  PetscCheck(fclose(file) == 0, PETSC_COMM_SELF, PETSC_ERR_MEM, "no memory for the deck's entries");
  *size += 1; /* the final 0 */
  PetscFunctionReturn(code);
}

/* The next line of a text, or NULL after the last.  The text is cut into pieces. */
static char *NextLine(char **text)
{
  char *const line = *text;
  char *const end  = strchr(line, '\n');

  if (end == NULL) return NULL;
  *end  = '\0';
  *text = end + 1;
  return line;
}

/* Whether a text has a line. */
static PetscBool HasLine(const char *text, const char *line)
{
  const size_t length = strlen(line);

  for (const char *at = strstr(text, line); at != NULL; at = strstr(at + 1, line))
    if ((at == text || at[-1] == '\n') && at[length] == '\n') return PETSC_TRUE;
  return PETSC_FALSE;
}

/* Whether an entry may differ.  Entries that set the size of the state may never differ. */
static PetscBool MayDiffer(const char *line, PetscBool new_physics)
{
  static const char *const sizes[] = {"grid.", "box.", "microstructure.n",
                                      "microstructure.grains_"};
  static const char        file[]  = "alloy.system:"; /* its numbers count, not where it lies */

  for (size_t k = 0; new_physics && k < sizeof sizes / sizeof *sizes; k++)
    if (strncmp(line, sizes[k], strlen(sizes[k])) == 0) return PETSC_FALSE;
  return (PetscBool)(new_physics || strncmp(line, file, strlen(file)) == 0);
}

/* Name the lines of `then` that `now` lacks and must have.  Returns how many. */
static PetscErrorCode Differences(char *then, const char *now, PetscBool new_physics, size_t size,
                                  char names[], int *count)
{
  PetscFunctionBeginUser;
  *count   = 0;
  names[0] = '\0';
  for (const char *line = NextLine(&then); line != NULL; line = NextLine(&then)) {
    if (HasLine(now, line) || MayDiffer(line, new_physics)) continue;
    if (*count > 0) PetscCall(PetscStrlcat(names, ", ", size));
    PetscCall(PetscStrlcat(names, line, size));
    *count += 1;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode CompareTexts(NakSim s, NakCheckpoint c, char *then, const char *now)
{
  char names[512];
  int  count;

  PetscFunctionBeginUser;
  PetscCall(Differences(then, now, s->options.new_physics, sizeof names, names, &count));
  PetscCheck(count == 0 || !s->options.new_physics, s->comm, PETSC_ERR_USER_INPUT,
             "the deck has another grid than the checkpoint %s, which was written with %s: a run "
             "keeps its grid, also with --new-physics; start a new run for another grid",
             NakCheckpointPath(c), names);
  PetscCheck(count == 0, s->comm, PETSC_ERR_USER_INPUT,
             "the deck has another cell than the checkpoint %s, which was written with %s; "
             "--new-physics continues with the deck's cell",
             NakCheckpointPath(c), names);
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode ReadPhysics(NakSim s, NakCheckpoint c, const char *now)
{
  size_t         size;
  char          *then;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(NakCheckpointSize(c, "physics/entries", &size));
  PetscCall(PetscCalloc1(size + 1, &then));
  code = NakCheckpointBlock(c, "physics/entries", then, size);
  if (!code) code = CompareTexts(s, c, then, now);
  PetscCall(PetscFree(then));
  PetscFunctionReturn(code);
}

PetscErrorCode NakSimPhysicsCheckpoint(NakSim s, NakCheckpoint c)
{
  char          *text = NULL;
  size_t         size = 0;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  code = PhysicsText(s, &text, &size);
  if (!code)
    code = NakCheckpointReads(c) ? ReadPhysics(s, c, text)
                                 : NakCheckpointBlock(c, "physics/entries", text, size);
  free(text);
  PetscFunctionReturn(code);
}
