/* Files of materials: the terms of their energies, their compounds, and what is refused. */
#include "thermo_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nak_test.h"

static const PetscReal T = 321;

/* A material whose liquid A has one term, and with these compounds; its errors. */
static PetscInt Load(const char *term, const char *compounds, NakMaterial *material)
{
  char     path[] = "./nakfield_material_XXXXXX";
  FILE    *file   = fdopen(mkstemp(path), "w");
  PetscInt errors;
  NakDeck  none;

  assert_non_null(file);
  (void)fprintf(file,
                "name: AB\n"
                "temperature: {lowest: 200 K, highest: 400 K}\n"
                "A: {symbol: A, molar_mass: 23 g/mol, liquid_volume: 24 cm^3/mol, "
                "solid_volume: 23 cm^3/mol, solid_liquid_energy: 20 mJ/m^2}\n"
                "B: {symbol: B, molar_mass: 39 g/mol, liquid_volume: 47 cm^3/mol, "
                "solid_volume: 45 cm^3/mol, solid_liquid_energy: 10 mJ/m^2}\n"
                "liquid: {surface_tension: 0.1 N/m, diffusivity: 1e-9 m^2/s, A: {%s: 3}, "
                "B: {1: 2}, mixing: [{1: 1}, {T: 2}]}\n"
                "solid: {mixing: []}\n"
                "compounds: %s\n",
                term, compounds);
  assert_int_equal(fclose(file), 0);
  MUST(NakDeckCreate(PETSC_COMM_SELF, NULL, NULL, 0, &none));
  MUST(NakMaterialLoad(none, NULL, path, material, &errors));
  MUST(NakDeckDestroy(&none));
  assert_int_equal(unlink(path), 0);
  return errors;
}

/* Powers of T from -12 to 12, with a logarithm or without. */
static void TermsAreFunctionsOfT(void **unused)
{
  NakMaterial material;
  char        term[32];

  (void)unused;
  for (int power = -14; power <= 14; power++)
    for (int logarithm = 0; logarithm < 2; logarithm++) {
      PetscInt errors;

      (void)snprintf(term, sizeof term, "T^%d%s", power, logarithm ? "*ln(T)" : "");
      errors = Load(term, "[]", &material);
      assert_int_equal(errors > 0, abs(power) > 12);
      if (errors == 0)
        AssertRelative(term, NakThermoAlloy(&material, T).liquid.g_a,
                       3 * pow(T, power) * (logarithm ? log(T) : 1), 1e-13);
    }
}

static void ShortTerms(void **unused)
{
  static const char *const good[] = {"1", "T", "ln(T)", "T*ln(T)"}, *const bad[] = {
                                                                      "T^",    "T^2x", "t",
                                                                      "ln(t)", "T^2*", "x*ln(T)"};
  const PetscReal values[] = {1, T, log(T), T * log(T)};
  NakMaterial     material;

  (void)unused;
  for (int k = 0; k < 4; k++) {
    assert_int_equal(Load(good[k], "[]", &material), 0);
    AssertRelative(good[k], NakThermoAlloy(&material, T).liquid.g_a, 3 * values[k], 1e-14);
  }
  for (int k = 0; k < 6; k++) assert_true(Load(bad[k], "[]", &material) > 0);
}

static void CompoundsHaveTheirAtoms(void **unused)
{
  NakMaterial material;
  NakAlloy    alloy;

  (void)unused;
  assert_int_equal(
    Load("1", "[{name: A2B, A: 2, B: 1, energy: {1: -5}}, {name: AB3, A: 1, B: 3, energy: {T: 7}}]",
         &material),
    0);
  alloy = NakThermoAlloy(&material, T);
  assert_int_equal(alloy.n_compounds, 2);
  assert_string_equal(material.compounds[1].name, "AB3");
  AssertRelative("A2B", alloy.compound_x[0], 2.0 / 3, 1e-15);
  AssertRelative("AB3", alloy.compound_x[1], 0.25, 1e-15);
  AssertRelative("its energy", alloy.compound_energy[1], 7 * T, 1e-15);
  assert_int_equal(material.liquid.orders, 2);
  assert_true(Load("1", "[{name: A2B, A: 2, energy: {1: -5}}]", &material) > 0);
  assert_true(Load("1", "[{name: A 2, A: 2, B: 1, energy: {1: -5}}]", &material) > 0);
  assert_true(Load("1", "[{name: A2B, A: 0, B: 1, energy: {1: -5}}]", &material) > 0);
}

/* A material without a deck is found in the folder that the environment names, else in that of the
   sources. */
static void FoldersAreSearched(void **unused)
{
  char      path[PETSC_MAX_PATH_LEN], folders[PETSC_MAX_PATH_LEN], file[96], folder[64];
  NakDeck   none;
  PetscBool own;

  (void)unused;
  MUST(NakDeckCreate(PETSC_COMM_SELF, NULL, NULL, 0, &none));
  (void)snprintf(folder, sizeof folder, "./nakfield_materials_%d", (int)getpid());
  (void)snprintf(file, sizeof file, "%s/NaK.yaml", folder);
  MUST(mkdir(folder, 0700));
  MUST(setenv("NAKFIELD_MATERIALS", folder, 1));
  for (int given = 0; given < 2; given++) {
    if (given) assert_int_equal(fclose(fopen(file, "w")), 0);
    MUST(NakMaterialFind(none, NULL, "NaK", path, sizeof path, &own, folders, sizeof folders));
    assert_int_equal(strcmp(path, file) == 0, given);
    assert_non_null(strstr(path, "materials"));
    assert_non_null(strstr(path, "/NaK.yaml"));
    assert_false(own);
    assert_non_null(strstr(folders, folder));
  }
  MUST(NakMaterialFind(none, NULL, "/NaK", path, sizeof path, &own, folders, sizeof folders));
  assert_string_equal(path, ""); /* a path is no name in a folder */
  MUST(NakMaterialFind(none, NULL, "Unknown", path, sizeof path, &own, folders, sizeof folders));
  assert_string_equal(path, "");
  MUST(unsetenv("NAKFIELD_MATERIALS"));
  assert_int_equal(unlink(file), 0);
  MUST(rmdir(folder));
  MUST(NakDeckDestroy(&none));
}

/* The absolute path of the file; none where it is longer than a text can be. */
static void FilesAreNoted(void **unused)
{
  char        here[PETSC_MAX_PATH_LEN], expected[PETSC_MAX_PATH_LEN + 32], folder[160];
  NakMaterial material;

  (void)unused;
  MUST(Load("1", "[]", &material));
  assert_non_null(getcwd(here, sizeof here));
  (void)snprintf(expected, sizeof expected, "%s/nakfield_material_", here);
  assert_true(strncmp(material.file, expected, strlen(expected)) == 0);
  assert_int_equal(strlen(material.file), strlen(expected) + 6);
  (void)snprintf(folder, sizeof folder, "%0150d", (int)getpid()); /* one a rank */
  for (int k = 0; k < 2; k++) {
    MUST(mkdir(folder, 0700));
    MUST(chdir(folder));
  }
  material.file[0] = 'x';
  MUST(Load("1", "[]", &material));
  assert_string_equal(material.file, "");
  for (int k = 0; k < 2; k++) {
    MUST(chdir(".."));
    MUST(rmdir(folder));
  }
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(FilesAreNoted),           cmocka_unit_test(FoldersAreSearched),
  cmocka_unit_test(TermsAreFunctionsOfT),    cmocka_unit_test(ShortTerms),
  cmocka_unit_test(CompoundsHaveTheirAtoms),
};

NAK_TEST_MAIN(tests)
