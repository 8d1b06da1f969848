/* Texts of decks: UTF-8, and what a message may show; the contract is in deck_impl.h. */
#include "deck_impl.h"

#include <string.h>

/* Bytes of a character by its first byte; 0 if no character begins with it. */
static size_t BytesOf(unsigned char first)
{
  if (first < 0x80) return 1;
  if (first < 0xC0 || first > 0xF7) return 0;
  if (first < 0xE0) return 2;
  return first < 0xF0 ? 3 : 4;
}

size_t NakTextDecode(const char *text, size_t left, unsigned long *code)
{
  static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000};
  const unsigned char        first   = left > 0 ? (unsigned char)text[0] : 0xFF;
  const size_t               n       = BytesOf(first);

  if (n == 0 || n > left) return 0;
  *code = n == 1 ? first : first & (0x7FU >> n);
  for (size_t i = 1; i < n; i++) {
    const unsigned char next = (unsigned char)text[i];

    if ((next & 0xC0) != 0x80) return 0;
    *code = (*code << 6) | (next & 0x3FU);
  }
  if (*code < least[n] || *code > 0x10FFFF || (*code >= 0xD800 && *code <= 0xDFFF)) return 0;
  return n;
}

PetscBool NakTextPrintable(unsigned long code)
{
  if (code < 0x20 || (code >= 0x7F && code < 0xA0)) return PETSC_FALSE;
  if (code == 0x2028 || code == 0x2029 || code == 0xFEFF) return PETSC_FALSE;
  return (code & 0xFFFE) == 0xFFFE ? PETSC_FALSE : PETSC_TRUE;
}

PetscBool NakTextIsLine(const char *text)
{
  const size_t length = strlen(text);
  size_t       n      = 1;

  for (size_t i = 0; i < length; i += n) {
    unsigned long code = 0;

    n = NakTextDecode(text + i, length - i, &code);
    if (n == 0 || !NakTextPrintable(code)) return PETSC_FALSE;
  }
  return PETSC_TRUE;
}

void NakTextShow(const char *text, char *shown, size_t size)
{
  const char   more[] = "...";
  const size_t length = strlen(text);
  size_t       used = 0, n = 1;

  for (size_t i = 0; i < length; i += n) {
    unsigned long code  = 0;
    PetscBool     plain = PETSC_TRUE;

    n = NakTextDecode(text + i, length - i, &code);
    if (n == 0 || !NakTextPrintable(code)) plain = PETSC_FALSE;
    if (n == 0) n = 1;
    if (used + n + sizeof more > size) {
      (void)snprintf(shown + used, size - used, "%s", more); /* as much of it as fits */
      return;
    }
    if (plain)
      memcpy(shown + used, text + i, n);
    else
      shown[used] = '?';
    used += plain ? n : 1;
  }
  shown[used] = '\0';
}

void NakTextPrint(FILE *file, const char format[], ...)
{
  va_list arguments;

  va_start(arguments, format);
  (void)vfprintf(file, format, arguments);
  va_end(arguments);
}

void NakTextPut(FILE *file, const char *text)
{
  (void)fputs(text, file);
}

PetscBool NakTextSegment(const char **text, char *segment, size_t size)
{
  const size_t n = strcspn(*text, ".");

  if (n == 0 || n >= size) return PETSC_FALSE;
  memcpy(segment, *text, n);
  segment[n] = '\0';
  *text += n;
  if (**text == '.') {
    *text += 1;
    if (**text == '\0') return PETSC_FALSE;
  }
  return PETSC_TRUE;
}
