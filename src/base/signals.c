/* Signals that ask for an end; the contract is in nakfield/base.h. */
#include <nakfield/base.h>
#include <signal.h>

/* All that a handler may touch, and the one variable of the program that no function owns. */
static volatile sig_atomic_t received;

static void Note(int signal)
{
  received = signal;
}

PetscErrorCode NakSignalsInstall(void)
{
  struct sigaction once = {.sa_handler = Note}, again = {.sa_handler = Note};
  struct sigaction ignored = {.sa_handler = SIG_IGN};
  PetscBool        failed;

  PetscFunctionBeginUser;
  once.sa_flags  = (int)SA_RESETHAND | SA_RESTART;
  again.sa_flags = SA_RESTART;
  failed =
    (PetscBool)(sigaction(SIGUSR1, &again, NULL) != 0 || sigaction(SIGTERM, &once, NULL) != 0 ||
                sigaction(SIGINT, &once, NULL) != 0 || sigaction(SIGXFSZ, &ignored, NULL) != 0 ||
                sigaction(SIGPIPE, &ignored, NULL) != 0);
  PetscCheck(!failed, PETSC_COMM_SELF, PETSC_ERR_SYS, "cannot install the signal handlers");
  PetscFunctionReturn(PETSC_SUCCESS);
}

int NakReceived(void)
{
  return (int)received;
}
