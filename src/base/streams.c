/* The standard streams; the contract is in nakfield/base.h. */
#include <fcntl.h>
#include <nakfield/base.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

void NakStreamsOpen(void)
{
  int stream = 0;

  while (stream >= 0 && stream <= STDERR_FILENO) stream = open("/dev/null", O_RDWR);
  if (stream >= 0) (void)close(stream);
}

/* A run continues after its reader has left (SIGPIPE is ignored).  That is no failure. */
static PetscBool IsRead(int stream)
{
  struct pollfd reader = {.fd = stream};

  return (PetscBool)(poll(&reader, 1, 0) <= 0 || !(reader.revents & POLLERR));
}

int NakStreamsClose(int status)
{
  if ((fflush(stdout) == 0 && !ferror(stdout)) || !IsRead(STDOUT_FILENO)) return status;
  (void)fprintf(stderr, "nakfield: cannot write to standard output; is the disk full?\n");
  return status == NAK_EXIT_DONE ? NAK_EXIT_OUTPUT : status;
}
