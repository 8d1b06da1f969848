/* Opening a file of measurements: what is refused before it is read. */
#include "measured_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* What to do with an instrument's file that is no text. */
static const char *HowToConvert(const char *path)
{
  static const char *const suffixes[][2] = {
    {".mpr",  "export it as text (.mpt) in EC-Lab"           },
    {".res",  "export it as CSV in Arbin's software"         },
    {".nda",  "export it as CSV in Neware's BTSDA"           },
    {".ndax", "export it as CSV in Neware's BTSDA"           },
    {".xls",  "save the sheet as CSV"                        },
    {".xlsx", "save the sheet as CSV"                        },
    {".mdat", "export it as CSV in the instrument's software"},
  };
  const char *dot = strrchr(path, '.');

  for (size_t k = 0; dot != NULL && k < sizeof suffixes / sizeof suffixes[0]; k++)
    if (strcasecmp(dot, suffixes[k][0]) == 0) return suffixes[k][1];
  return NULL;
}

PetscErrorCode NakMeasuredOpen(const char *path, FILE **file, NakFault *fault)
{
  const int         handle  = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const char *const convert = HowToConvert(path);
  struct stat       about;

  PetscFunctionBeginUser;
  *file = NULL;
  if (handle < 0)
    NakFaultNote(fault, PETSC_ERR_FILE_OPEN, "cannot open %s: %s", path, strerror(errno));
  else if (fstat(handle, &about) != 0 || !S_ISREG(about.st_mode))
    NakFaultNote(fault, PETSC_ERR_USER_INPUT, "%s is not a regular file", path);
  else if ((int64_t)about.st_size > NAK_MEASURED_BYTES)
    NakFaultNote(fault, PETSC_ERR_USER_INPUT,
                 "%s has %.3g bytes, and at most 1 GB can be read: write fewer rows or columns",
                 path, (double)about.st_size);
  else if (convert != NULL)
    NakFaultNote(fault, PETSC_ERR_USER_INPUT, "%s is not text: %s", path, convert);
  else
    *file = fdopen(handle, "r");
  if (*file == NULL && handle >= 0) (void)close(handle);
  PetscFunctionReturn(PETSC_SUCCESS);
}
