// The back end "vtk": scripts that make numbers, with VTK and Python alone.  The rest of ParaView
// is four hundred libraries.  They take longer to load than such scripts take to run.  The contract
// is in ../backend.h.
#include "parts.h"

#include <vtkMPI.h>
#include <vtkMPICommunicator.h>
#include <vtkMPIController.h>
#include <vtkPVVersion.h>
#include <vtkPythonUtil.h>

#include <vector>

#include "numbers.h"

namespace {

constexpr const char *module_name = "nakfield_numbers";

struct Numbers {
  MPI_Comm                          comm = MPI_COMM_NULL;
  vtkSmartPointer<vtkMPIController> controller;
  std::vector<std::string>          scripts; // "" once one has failed
};

int Start(const NakInsituHow *how, void **self, char message[NAK_INSITU_MESSAGE])
{
  const SignalsKept                  kept;
  auto                              *s = new Numbers;
  vtkNew<vtkMPICommunicator>         communicator;
  vtkSmartPointer<vtkMPIController> &controller = s->controller;

  *self = s;
  MPI_Comm_dup(how->comm, &s->comm);
  vtkMPICommunicatorOpaqueComm ours(&s->comm);
  communicator->InitializeExternal(&ours);
  controller = vtkSmartPointer<vtkMPIController>::New();
  controller->SetCommunicator(communicator); // not Initialize(): it waits for all of MPI_COMM_WORLD
  vtkMultiProcessController::SetGlobalController(controller);
  setenv("PARAVIEW_OVERRIDE_EXTRACTS_OUTPUT_DIRECTORY", how->directory, 0);
  setenv("VTK_SMP_MAX_THREADS", "1", 0); // otherwise VTK counts processors at every array
  s->scripts.assign(how->scripts, how->scripts + how->n_scripts);
  vtkPythonInterpreter::Initialize();
  if (Everywhere(s->comm, LoadModule(module_name, numbers_text, how))) return 0;
  Append(message, "in situ: VTK's Python did not start (is python3-paraview there?)");
  return 1;
}

// The channels by name, as the scripts see them.
PyObject *Channels(const NakInsituMoment *moment)
{
  PyObject *const channels = PyDict_New();

  for (int k = 0; k < moment->n_channels; k++) {
    const vtkSmartPointer<vtkPartitionedDataSet> mesh   = Mesh(moment, moment->channels[k]);
    PyObject *const                              object = vtkPythonUtil::GetObjectFromPointer(mesh);

    PyDict_SetItemString(channels, moment->channels[k].name, object);
    Py_XDECREF(object);
  }
  return channels;
}

int Show(void *self, const NakInsituMoment *moment, char message[NAK_INSITU_MESSAGE])
{
  const SignalsKept        kept;
  auto                    *s     = static_cast<Numbers *>(self);
  int                      alive = 0;
  vtkPythonScopeGilEnsurer gil;

  for (auto &script : s->scripts) {
    if (script.empty()) continue;
    const std::string failure =
      Ask(module_name, "run",
          Py_BuildValue("(sNdl)", script.c_str(), Channels(moment), moment->time, moment->index));
    if (!failure.empty())
      Append(message, "in situ: " + script + ": " + failure + "; the run continues without it");
    if (!Everywhere(s->comm, failure.empty()))
      script.clear();
    else
      alive++;
  }
  Ask(module_name, "forget"); // before the simulation has its arrays again
  return alive;
}

void Stop(void *self)
{
  auto *s = static_cast<Numbers *>(self);

  Ask(module_name, "close");
  vtkMultiProcessController::SetGlobalController(nullptr);
  s->controller = nullptr;
  MPI_Comm_free(&s->comm);
  delete s;
}

const NakInsituBackend backend = {NAK_INSITU_ABI, "VTK of ParaView " PARAVIEW_VERSION_FULL, Start,
                                  Show, Stop};

} // namespace

extern "C" __attribute__((visibility("default"))) const NakInsituBackend *NakInsituPlugin()
{
  return &backend;
}
