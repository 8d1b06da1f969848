/* A file driver of HDF5 that keeps what HDF5 itself writes, and drops the data of arrays: others
   write those.  It keeps pages in memory, in the order of the file; a byte that was never written
   is 0.  The contract is in hdf5_impl.h. */
#include "hdf5_impl.h"

#include <stdlib.h>
#include <string.h>

#if H5_VERSION_GE(1, 14, 0)
  #include <H5FDdevelop.h>
#endif

#define LARGEST ((haddr_t)1 << 62)

enum { PAGE = 4096, NUMBER = 600 /* of the driver; HDF5 leaves those from 512 on to others */ };

typedef struct {
  haddr_t       at;
  unsigned char bytes[PAGE];
} Page;

struct NakSkeleton_private {
  hid_t   driver; /* registered for as long as the file is open */
  haddr_t end;
  haddr_t dropped; /* where the last data were that were not kept */
  Page  **pages;
  size_t  count, room;
};

typedef struct {
  H5FD_t      head; /* HDF5's */
  NakSkeleton skeleton;
} File;

/* ---- Pages ---- */

/* The place of the first page at `at` or after it. */
static size_t Find(NakSkeleton s, haddr_t at)
{
  size_t low = 0, high = s->count;

  while (low < high) {
    const size_t middle = low + (high - low) / 2;

    if (s->pages[middle]->at < at)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Make room for one more page.  NULL if there is no memory. */
static Page *Insert(NakSkeleton s, size_t place, haddr_t at)
{
  Page *const page = calloc(1, sizeof *page);

  if (page != NULL && s->count == s->room) {
    const size_t room  = 2 * s->room + 16;
    Page **const pages = realloc(s->pages, room * sizeof(Page *));

    if (pages != NULL) s->room = room;
    if (pages != NULL) s->pages = pages;
  }
  if (page == NULL || s->count == s->room) {
    free(page);
    return NULL;
  }
  memmove(s->pages + place + 1, s->pages + place, (s->count - place) * sizeof(Page *));
  s->count++;
  s->pages[place] = page;
  page->at        = at;
  return page;
}

/* The part of [at, at + size) that lies in one page, which is NULL if there is none. */
typedef struct {
  Page   *page;
  size_t  place; /* of the page, or where it would be */
  haddr_t begin;
  size_t  offset, size;
} Part;

static Part FirstPart(NakSkeleton s, haddr_t at, size_t size)
{
  Part part = {.begin = at / PAGE * PAGE};

  part.offset = (size_t)(at - part.begin);
  part.size   = PetscMin(PAGE - part.offset, size);
  part.place  = Find(s, part.begin);
  if (part.place < s->count && s->pages[part.place]->at == part.begin)
    part.page = s->pages[part.place];
  return part;
}

static herr_t Keep(NakSkeleton s, haddr_t at, size_t size, const unsigned char *from)
{
  while (size > 0) {
    Part part = FirstPart(s, at, size);

    if (part.page == NULL) part.page = Insert(s, part.place, part.begin);
    if (part.page == NULL) return -1;
    memcpy(part.page->bytes + part.offset, from, part.size);
    from += part.size;
    at += part.size;
    size -= part.size;
  }
  return 0;
}

void NakSkeletonRead(NakSkeleton skeleton, haddr_t at, size_t size, void *bytes)
{
  for (unsigned char *into = bytes; size > 0;) {
    const Part part = FirstPart(skeleton, at, size);

    if (part.page == NULL)
      memset(into, 0, part.size);
    else
      memcpy(into, part.page->bytes + part.offset, part.size);
    into += part.size;
    at += part.size;
    size -= part.size;
  }
}

/* ---- What HDF5 calls ---- */

static H5FD_t *Open(const char *name, unsigned flags, hid_t access, haddr_t largest)
{
  const NakSkeleton *const skeleton = H5Pget_driver_info(access);
  File *const              file     = calloc(1, sizeof *file);

  (void)name;
  (void)flags;
  (void)largest;
  if (file != NULL) file->skeleton = *skeleton;
  return (H5FD_t *)file;
}

static herr_t Close(H5FD_t *file)
{
  free(file);
  return 0;
}

static herr_t Query(const H5FD_t *file, unsigned long *flags)
{
  (void)file;
  *flags =
    H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}

static haddr_t GetEnd(const H5FD_t *file, H5FD_mem_t type)
{
  (void)type;
  return ((const File *)file)->skeleton->end;
}

static herr_t SetEnd(H5FD_t *file, H5FD_mem_t type, haddr_t end)
{
  (void)type;
  ((File *)file)->skeleton->end = end;
  return 0;
}

static herr_t Read(H5FD_t *file, H5FD_mem_t type, hid_t options, haddr_t at, size_t size,
                   void *bytes)
{
  (void)type;
  (void)options;
  NakSkeletonRead(((File *)file)->skeleton, at, size, bytes);
  return 0;
}

static herr_t Write(H5FD_t *file, H5FD_mem_t type, hid_t options, haddr_t at, size_t size,
                    const void *bytes)
{
  NakSkeleton const s = ((File *)file)->skeleton;

  (void)options;
  if (type != H5FD_MEM_DRAW) return Keep(s, at, size, bytes);
  s->dropped = at;
  return 0;
}

static const H5FD_class_t driver = {
#if H5_VERSION_GE(1, 14, 0)
  .version = H5FD_CLASS_VERSION,
  .value   = NUMBER,
#endif
  .name      = "nakfield",
  .maxaddr   = LARGEST,
  .fc_degree = H5F_CLOSE_WEAK,
  .fapl_size = sizeof(NakSkeleton),
  .open      = Open,
  .close     = Close,
  .query     = Query,
  .get_eoa   = GetEnd,
  .set_eoa   = SetEnd,
  .get_eof   = GetEnd,
  .read      = Read,
  .write     = Write,
  .fl_map    = H5FD_FLMAP_DICHOTOMY,
};

/* ---- The contract ---- */

herr_t NakSkeletonCreate(hid_t access, NakSkeleton *skeleton)
{
  NakSkeleton s = calloc(1, sizeof *s);

  *skeleton = s;
  if (s == NULL) return -1;
  s->driver = H5FDregister(&driver);
  return s->driver >= 0 ? H5Pset_driver(access, s->driver, skeleton) : -1;
}

haddr_t NakSkeletonEnd(NakSkeleton skeleton)
{
  return skeleton->end;
}

haddr_t NakSkeletonDropped(NakSkeleton skeleton)
{
  return skeleton->dropped;
}

void NakSkeletonDestroy(NakSkeleton *skeleton)
{
  NakSkeleton s = *skeleton;

  *skeleton = NULL;
  if (s == NULL) return;
  if (s->driver >= 0) (void)H5FDunregister(s->driver);
  for (size_t k = 0; k < s->count; k++) free(s->pages[k]);
  free(s->pages);
  free(s);
}
