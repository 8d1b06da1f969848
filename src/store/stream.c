/* Windows between the ranks that have parts of them and the writers; the contract is in
   store_impl.h.

   A part of a box that lies in a window is contiguous in the memory of its rank, because both have
   the order of the array.  So parts are sent from where they are, unless they must be fetched.  In
   each round a rank sends one message to every owner of whose window it has something. */
#include "store_impl.h"

#include <string.h>

enum { TAG = 0 };

/* ---- Windows ---- */

static size_t Windows(const NakStream *s)
{
  const uint64_t bytes = s->end - s->begin, whole = bytes / s->period, rest = bytes % s->period;
  const uint64_t each = (s->period + s->window - 1) / s->window;

  return (size_t)(whole * each + (rest + s->window - 1) / s->window);
}

static void Window(const NakStream *s, size_t number, uint64_t *lo, uint64_t *hi)
{
  const uint64_t each   = (s->period + s->window - 1) / s->window;
  const uint64_t period = s->begin + number / each * s->period;

  *lo = period + number % each * s->window;
  *hi = PetscMin(PetscMin(*lo + s->window, period + s->period), s->end);
}

/* The window that the owner `place` has in a round.  PETSC_FALSE for none. */
static PetscBool WindowOf(const NakStream *s, size_t round, PetscMPIInt place, size_t *number)
{
  const size_t windows = s->windows, owners = (size_t)s->owners;
  const size_t turns = windows - 1 - round * owners; /* from the first of the round to the last */
  const size_t later = (turns % owners + owners - (size_t)place) % owners;

  if (place < 0 || place >= s->owners || later > turns) return PETSC_FALSE;
  *number = (windows - turns + later) % windows;
  return PETSC_TRUE;
}

PetscErrorCode NakStreamBegin(NakWriters writers, NakStream *stream)
{
  const size_t owners = (size_t)stream->owners;

  PetscFunctionBeginUser;
  stream->writers = writers;
  stream->windows = Windows(stream);
  stream->rounds  = (stream->windows + owners - 1) / owners;
  stream->bytes = stream->parts = NULL;
  if (writers->place >= 0 && writers->place < stream->owners)
    PetscCall(PetscMalloc1(PetscMin(stream->end - stream->begin, stream->window), &stream->bytes));
  PetscFunctionReturn(PETSC_SUCCESS);
}

void NakStreamPlace(const NakStream *stream, size_t number, uint64_t *at, size_t *size)
{
  uint64_t end;

  Window(stream, number, at, &end);
  *size = (size_t)(end - *at);
}

PetscMPIInt NakStreamOwner(const NakStream *stream, size_t number)
{
  const size_t turns = (stream->windows - number) % stream->windows; /* to the last one */

  return stream->writers->list[turns % (size_t)stream->owners];
}

PetscErrorCode NakStreamEnd(NakStream *stream)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(stream->bytes));
  PetscCall(PetscFree(stream->parts));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscBool NakStreamWindow(const NakStream *s, size_t round, size_t *number, uint64_t *at,
                          size_t *size)
{
  if (!WindowOf(s, round, s->writers->place, number)) return PETSC_FALSE;
  NakStreamPlace(s, *number, at, size);
  return PETSC_TRUE;
}

/* ---- Parts ---- */

/* The first extent that ends after `lo`. */
static size_t FirstAfter(const NakStream *s, uint64_t lo)
{
  size_t low = 0, high = s->count;

  while (low < high) {
    const size_t middle = low + (high - low) / 2;

    if (s->extents[middle].at + s->extents[middle].bytes > lo)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

/* What a rank has of an extent in [lo, hi): `size` bytes from `from` on of its own. */
static size_t Part(const NakExtent *e, PetscMPIInt rank, uint64_t lo, uint64_t hi, uint64_t *from)
{
  const uint64_t begin = PetscMax(lo, e->at) - e->at;
  const uint64_t end   = PetscMin(hi, e->at + e->bytes) - e->at;

  *from = begin;
  if (e->owner >= 0) return e->owner == rank ? (size_t)(end - begin) : 0;
  *from = NakBoxBefore(&e->boxes[rank], e->unit, begin);
  return (size_t)(NakBoxBefore(&e->boxes[rank], e->unit, end) - *from);
}

/* Copy `size` bytes of what a rank has of an extent, from byte `from` on, between `part` and the
   window that begins at `lo`. */
static void Move(const NakExtent *e, PetscMPIInt rank, uint64_t from, size_t size, uint64_t lo,
                 char *window, char *part, PetscBool collect)
{
  while (size > 0) {
    uint64_t together = size, place = from;
    char    *there;
    size_t   now;

    if (e->owner < 0) place = NakBoxPlace(&e->boxes[rank], e->unit, from, &together);
    now   = (size_t)PetscMin((uint64_t)size, together);
    there = window + (e->at + place - lo);
    if (collect)
      memcpy(there, part, now);
    else
      memcpy(part, there, now);
    part += now;
    from += now;
    size -= now;
  }
}

/* Between the window [lo, hi) and the packed parts of a rank. */
static void MoveAll(const NakStream *s, PetscMPIInt rank, uint64_t lo, uint64_t hi, char *packed,
                    PetscBool collect)
{
  const NakExtent *const end = s->extents + s->count;

  for (const NakExtent *e = s->extents + FirstAfter(s, lo); e < end && e->at < hi; e++) {
    uint64_t     from;
    const size_t size = Part(e, rank, lo, hi, &from);
    char *const  part = packed == NULL ? e->mine + from : packed;

    if (size == 0) continue;
    Move(e, rank, from, size, lo, s->bytes, part, collect);
    if (packed != NULL) packed += size;
  }
}

/* Bytes that every rank has of a window. */
static void Count(const NakStream *s, uint64_t lo, uint64_t hi, size_t bytes[])
{
  const NakExtent *const end = s->extents + s->count;
  uint64_t               from;

  memset(bytes, 0, (size_t)s->writers->ranks * sizeof *bytes);
  for (const NakExtent *e = s->extents + FirstAfter(s, lo); e < end && e->at < hi; e++) {
    if (e->owner >= 0) bytes[e->owner] += Part(e, e->owner, lo, hi, &from);
    for (PetscMPIInt rank = 0; e->owner < 0 && rank < s->writers->ranks; rank++)
      bytes[rank] += Part(e, rank, lo, hi, &from);
  }
}

/* Whether something in a window must be fetched. */
static PetscBool IsFetched(const NakStream *s, uint64_t lo, uint64_t hi)
{
  const NakExtent *const end = s->extents + s->count;

  for (const NakExtent *e = s->extents + FirstAfter(s, lo); e < end && e->at < hi; e++)
    if (e->fetch != NULL) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* What this rank has of a window, one part after the other. */
static PetscErrorCode Pack(const NakStream *s, uint64_t lo, uint64_t hi, char *packed)
{
  const NakExtent *const end = s->extents + s->count;

  PetscFunctionBeginUser;
  for (const NakExtent *e = s->extents + FirstAfter(s, lo); e < end && e->at < hi; e++) {
    uint64_t     from;
    const size_t size = Part(e, s->writers->rank, lo, hi, &from);

    if (size > 0 && e->fetch != NULL) PetscCall(e->fetch(e, from, size, packed));
    if (size > 0 && e->fetch == NULL) memcpy(packed, e->mine + from, size);
    packed += size;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* ---- Messages ---- */

/* All parts that this rank has of a window of another, as one message from or to where they are. */
static PetscErrorCode BeginInPlace(const NakStream *s, uint64_t lo, uint64_t hi, PetscMPIInt owner,
                                   PetscBool collect, MPI_Request *request)
{
  MPI_Comm const comm  = s->writers->comm;
  const size_t   first = FirstAfter(s, lo);
  size_t         last  = first;
  uint64_t       from;
  int           *sizes, parts = 0;
  MPI_Aint      *places;
  MPI_Datatype   type;

  PetscFunctionBeginUser;
  while (last < s->count && s->extents[last].at < hi) last++;
  PetscCall(PetscMalloc2(last - first, &sizes, last - first, &places));
  for (const NakExtent *e = s->extents + first; e < s->extents + last; e++) {
    sizes[parts] = (int)Part(e, s->writers->rank, lo, hi, &from);
    if (sizes[parts] > 0) PetscCallMPI(MPI_Get_address(e->mine + from, &places[parts++]));
  }
  if (parts > 0) {
    PetscCallMPI(MPI_Type_create_hindexed(parts, sizes, places, MPI_BYTE, &type));
    PetscCallMPI(MPI_Type_commit(&type));
    if (collect)
      PetscCallMPI(MPI_Isend(MPI_BOTTOM, 1, type, owner, TAG, comm, request));
    else
      PetscCallMPI(MPI_Irecv(MPI_BOTTOM, 1, type, owner, TAG, comm, request));
    PetscCallMPI(MPI_Type_free(&type));
  }
  PetscCall(PetscFree2(sizes, places));
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The same from a buffer, which is to be freed after the message. */
static PetscErrorCode BeginPacked(const NakStream *s, uint64_t lo, uint64_t hi, PetscMPIInt owner,
                                  char **packed, MPI_Request *request)
{
  const NakExtent *const end  = s->extents + s->count;
  size_t                 size = 0;
  uint64_t               from;

  PetscFunctionBeginUser;
  for (const NakExtent *e = s->extents + FirstAfter(s, lo); e < end && e->at < hi; e++)
    size += Part(e, s->writers->rank, lo, hi, &from);
  if (size == 0) PetscFunctionReturn(PETSC_SUCCESS);
  PetscCall(PetscMalloc1(size, packed));
  PetscCall(Pack(s, lo, hi, *packed));
  PetscCallMPI(MPI_Isend(*packed, (int)size, MPI_BYTE, owner, TAG, s->writers->comm, request));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode BeginAll(const NakStream *s, size_t round, PetscBool collect, char *packed[],
                               MPI_Request requests[])
{
  const NakWriters w = s->writers;
  size_t           number;
  uint64_t         lo, hi;

  PetscFunctionBeginUser;
  for (PetscMPIInt place = 0; place < s->owners; place++) {
    packed[place]   = NULL;
    requests[place] = MPI_REQUEST_NULL;
    if (place == w->place || !WindowOf(s, round, place, &number)) continue;
    Window(s, number, &lo, &hi);
    if (collect && IsFetched(s, lo, hi))
      PetscCall(BeginPacked(s, lo, hi, w->list[place], &packed[place], &requests[place]));
    else
      PetscCall(BeginInPlace(s, lo, hi, w->list[place], collect, &requests[place]));
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The owner's own parts of its window; `room` is for those that must be fetched. */
static PetscErrorCode MoveOwn(const NakStream *s, uint64_t lo, uint64_t hi, char *room,
                              PetscBool collect)
{
  const PetscBool fetched = (PetscBool)(collect && IsFetched(s, lo, hi));

  PetscFunctionBeginUser;
  if (fetched) PetscCall(Pack(s, lo, hi, room));
  MoveAll(s, s->writers->rank, lo, hi, fetched ? room : NULL, collect);
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* Messages from or to every other rank that has a part of a window, packed at `part`, which is then
   after all of them. */
static PetscErrorCode BeginParts(const NakStream *s, uint64_t lo, uint64_t hi, PetscBool collect,
                                 const size_t bytes[], char **part, MPI_Request requests[])
{
  const NakWriters w = s->writers;

  PetscFunctionBeginUser;
  for (PetscMPIInt rank = 0; rank < w->ranks; rank++) {
    const int size = (int)bytes[rank];

    requests[rank] = MPI_REQUEST_NULL;
    if (size == 0) continue;
    if (!collect) MoveAll(s, rank, lo, hi, *part, collect);
    if (collect)
      PetscCallMPI(MPI_Irecv(*part, size, MPI_BYTE, rank, TAG, w->comm, &requests[rank]));
    else
      PetscCallMPI(MPI_Isend(*part, size, MPI_BYTE, rank, TAG, w->comm, &requests[rank]));
    *part += size;
  }
  PetscFunctionReturn(PETSC_SUCCESS);
}

/* The owner's side. */
static PetscErrorCode Exchange(NakStream *s, uint64_t lo, uint64_t hi, PetscBool collect)
{
  const NakWriters w = s->writers;
  size_t          *bytes, own;
  char            *part;
  MPI_Request     *requests;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(w->ranks, &bytes, w->ranks, &requests));
  Count(s, lo, hi, bytes);
  own            = bytes[w->rank];
  bytes[w->rank] = 0;
  if (s->parts == NULL && (own < hi - lo || (collect && IsFetched(s, lo, hi))))
    PetscCall(PetscMalloc1(PetscMin(s->end - s->begin, s->window), &s->parts));
  part = s->parts;
  PetscCall(BeginParts(s, lo, hi, collect, bytes, &part, requests));
  if (own > 0) PetscCall(MoveOwn(s, lo, hi, part, collect));
  PetscCallMPI(MPI_Waitall(w->ranks, requests, MPI_STATUSES_IGNORE));
  part = s->parts;
  for (PetscMPIInt rank = 0; collect && rank < w->ranks; rank++) {
    if (bytes[rank] == 0) continue;
    MoveAll(s, rank, lo, hi, part, collect);
    part += bytes[rank];
  }
  PetscCall(PetscFree2(bytes, requests));
  PetscFunctionReturn(PETSC_SUCCESS);
}

static PetscErrorCode Round(NakStream *s, size_t round, PetscBool collect)
{
  MPI_Request *requests;
  char       **packed;
  size_t       number, size;
  uint64_t     lo;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc2(s->owners, &requests, s->owners, &packed));
  PetscCall(BeginAll(s, round, collect, packed, requests));
  if (NakStreamWindow(s, round, &number, &lo, &size))
    PetscCall(Exchange(s, lo, lo + size, collect));
  PetscCallMPI(MPI_Waitall(s->owners, requests, MPI_STATUSES_IGNORE));
  for (PetscMPIInt place = 0; place < s->owners; place++) PetscCall(PetscFree(packed[place]));
  PetscCall(PetscFree2(requests, packed));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStreamCollect(NakStream *stream, size_t round)
{
  PetscFunctionBeginUser;
  PetscCall(Round(stream, round, PETSC_TRUE));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode NakStreamSpread(NakStream *stream, size_t round)
{
  PetscFunctionBeginUser;
  PetscCall(Round(stream, round, PETSC_FALSE));
  PetscFunctionReturn(PETSC_SUCCESS);
}
