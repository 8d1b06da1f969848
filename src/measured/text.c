/* From the bytes of a file to lines of ASCII, and their SHA-256. */
#include "measured_impl.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

typedef enum { BYTES, UTF16_LITTLE, UTF16_BIG } Encoding;

enum { BLOCK = 4096, FIRST_ROOM = 256 };

struct NakScan_private {
  FILE          *file;
  const char    *name;
  EVP_MD_CTX    *digest;
  Encoding       encoding;
  PetscBool      begun, after_return; /* the last character was a carriage return */
  PetscInt       number;
  size_t         at, filled;
  unsigned char *block; /* of bytes read ahead */
  size_t         room;
  char          *text, *plain; /* the line as it is, and in ASCII: of malloc(), to grow */
};

PetscErrorCode NakScanCreate(FILE *file, const char *name, NakScan *scan)
{
  NakScan l;

  PetscFunctionBeginUser;
  PetscCall(PetscNew(&l));
  *scan     = l;
  l->file   = file;
  l->name   = name;
  l->digest = EVP_MD_CTX_new();
  PetscCall(PetscMalloc1(BLOCK, &l->block));
  PetscCheck(l->digest != NULL && EVP_DigestInit_ex(l->digest, EVP_sha256(), NULL) == 1,
             PETSC_COMM_SELF, PETSC_ERR_LIB, "libcrypto has no SHA-256");
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakScanDestroy(NakScan *scan)
{
  PetscFunctionBeginUser;
  if (*scan == NULL) PetscFunctionReturn(PETSC_SUCCESS);
  EVP_MD_CTX_free((*scan)->digest);
  PetscCall(PetscFree((*scan)->block));
  free((*scan)->text);
  free((*scan)->plain);
  PetscCall(PetscFree(*scan));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscInt NakScanNumber(NakScan scan)
{
  return scan->number;
}

const char *NakScanName(NakScan scan)
{
  return scan->name;
}

PetscErrorCode NakScanDigest(NakScan scan, char sha256[65])
{
  static const char digits[] = "0123456789abcdef";
  unsigned char     bytes[EVP_MAX_MD_SIZE];
  unsigned          n = 0;

  PetscFunctionBeginUser;
  PetscCheck(EVP_DigestFinal_ex(scan->digest, bytes, &n) == 1 && n == 32, PETSC_COMM_SELF,
             PETSC_ERR_LIB, "libcrypto has no SHA-256");
  for (size_t k = 0; k < n; k++) {
    sha256[2 * k]     = digits[bytes[k] >> 4];
    sha256[2 * k + 1] = digits[bytes[k] & 15U];
  }
  sha256[64] = '\0';
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Bytes ---- */

static PetscBool Fill(NakScan l)
{
  l->at     = 0;
  l->filled = fread(l->block, 1, BLOCK, l->file);
  if (l->filled > 0) (void)EVP_DigestUpdate(l->digest, l->block, l->filled);
  return (PetscBool)(l->filled > 0);
}

/* The next byte, or -1. */
static int Byte(NakScan l)
{
  if (l->at == l->filled && !Fill(l)) return -1;
  return l->block[l->at++];
}

/* Step over a byte order mark, which gives the encoding. */
static void Begin(NakScan l)
{
  const unsigned char *b = l->block;

  l->begun = PETSC_TRUE;
  if (!Fill(l)) return;
  if (l->filled >= 3 && b[0] == 0xEF && b[1] == 0xBB && b[2] == 0xBF)
    l->at = 3;
  else if (l->filled >= 2 && b[0] == 0xFF && b[1] == 0xFE)
    l->encoding = UTF16_LITTLE;
  else if (l->filled >= 2 && b[0] == 0xFE && b[1] == 0xFF)
    l->encoding = UTF16_BIG;
  if (l->encoding != BYTES) l->at = 2;
}

/* ---- Characters ---- */

/* A unit of UTF-16; -1 at the end, -2 for half a unit. */
static int Unit(NakScan l)
{
  const int first = Byte(l), second = first < 0 ? -1 : Byte(l);

  if (first < 0) return -1;
  if (second < 0) return -2;
  return l->encoding == UTF16_LITTLE ? first | second << 8 : first << 8 | second;
}

/* The next byte of UTF-8 or Latin-1, or the next unit of UTF-16. */
static int Character(NakScan l)
{
  return l->encoding == BYTES ? Byte(l) : Unit(l);
}

/* Append a unit of UTF-16 to the line, as UTF-8.  Halves of a pair are as good as any other
   character that no table needs. */
static size_t Append(NakScan l, size_t n, int c)
{
  if (l->encoding == BYTES || c < 0x80) {
    l->text[n++] = (char)c;
  } else if (c < 0x800) {
    l->text[n++] = (char)(0xC0 | c >> 6);
    l->text[n++] = (char)(0x80 | (c & 0x3F));
  } else {
    l->text[n++] = (char)(0xE0 | c >> 12);
    l->text[n++] = (char)(0x80 | (c >> 6 & 0x3F));
    l->text[n++] = (char)(0x80 | (c & 0x3F));
  }
  return n;
}

/* ---- Lines ---- */

/* What replaces a sequence that begins with a byte beyond ASCII, and how many bytes it has. */
static size_t Plain(const unsigned char *s, const char **as)
{
  static const struct {
    const char *from, *to;
  } known[] = {
    {"\xC2\xB5",     "u"  },
    {"\xCE\xBC",     "u"  },
    {"\xCE\xA9",     "ohm"},
    {"\xE2\x84\xA6", "ohm"},
    {"\xE2\x88\x92", "-"  },
    {"\xC2\xB2",     "2"  },
    {"\xC2\xB0",     "deg"},
    {"\xC2\xA0",     " "  },
    {"\xB5",         "u"  },
    {"\xB2",         "2"  },
    {"\xB0",         "deg"},
    {"\xA0",         " "  },
  };

  for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
    const size_t n = strlen(known[k].from);

    *as = known[k].to;
    if (strncmp((const char *)s, known[k].from, n) == 0) return n;
  }
  *as = "?";
  return 1;
}

void NakTextPlain(const char *from, char *to, size_t size)
{
  const unsigned char *s    = (const unsigned char *)from;
  size_t               used = 0;

  while (*s != '\0' && used + 4 < size) {
    const char *as = "";

    if (*s < 0x80) {
      to[used++] = (char)(*s < ' ' && *s != '\t' ? '?' : *s);
      s++;
      continue;
    }
    s += Plain(s, &as);
    while (*as != '\0') to[used++] = *as++;
  }
  to[used] = '\0';
}

static void Refuse(NakScan l, NakFault *fault, const char *what)
{
  NakFaultNote(fault, PETSC_ERR_USER_INPUT, "%s:%" PetscInt_FMT ": %s", l->name, l->number, what);
}

/* Make room for one more character after n bytes; false and a fault if the line is too long. */
static PetscBool MakeRoom(NakScan l, size_t n, NakFault *fault)
{
  const size_t room = l->room > 0 ? 2 * l->room : FIRST_ROOM;
  char        *text, *plain;

  if (n + 4 < l->room) return PETSC_TRUE;
  if (room > NAK_LINE_SIZE) {
    Refuse(l, fault, "a line of more than 65,000 characters: this is not a table");
    return PETSC_FALSE;
  }
  text = realloc(l->text, room);
  if (text != NULL) l->text = text;
  plain = realloc(l->plain, 2 * room);
  if (plain != NULL) l->plain = plain;
  if (text != NULL && plain != NULL)
    l->room = room;
  else
    NakFaultNote(fault, PETSC_ERR_MEM, "no memory for a line of %s", l->name);
  return (PetscBool)(text != NULL && plain != NULL);
}

char *NakScanNext(NakScan scan, NakFault *fault)
{
  NakScan const l = scan;
  size_t        n = 0;
  int           c;

  if (!l->begun) Begin(l);
  c = Character(l);
  if (c == '\n' && l->after_return) c = Character(l); /* of a carriage return and a line feed */
  l->number++;
  for (; c >= 0 && c != '\n' && c != '\r'; c = Character(l)) {
    if (c == 0) {
      Refuse(l, fault, "a zero byte: this is not text; export the data as text");
      return NULL;
    }
    if (!MakeRoom(l, n, fault)) return NULL;
    n = Append(l, n, c);
  }
  if (!MakeRoom(l, n, fault)) return NULL;
  l->after_return = (PetscBool)(c == '\r');
  l->text[n]      = '\0';
  if (ferror(l->file))
    NakFaultNote(fault, PETSC_ERR_FILE_READ, "cannot read %s to its end", l->name);
  if (c == -2) Refuse(l, fault, "UTF-16 of an odd number of bytes: the file is cut");
  if (fault->code != 0 || (c < 0 && n == 0)) return NULL;
  NakTextPlain(l->text, l->plain, 2 * l->room);
  return l->plain;
}
