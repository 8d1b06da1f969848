// The back end "legacy": ParaView's vtkCPProcessor, as a plugin.  The contract is in ../backend.h.
#include <vtkPython.h> // first, as Python wants it

#include "../backend.h"

#include <vtkCPDataDescription.h>
#include <vtkCPInputDataDescription.h>
#include <vtkCPProcessor.h>
#include <vtkCPPythonScriptV2Pipeline.h>
#include <vtkCellData.h>
#include <vtkDoubleArray.h>
#include <vtkFieldData.h>
#include <vtkInformation.h>
#include <vtkInformationStringKey.h>
#include <vtkLogger.h>
#include <vtkMPI.h>
#include <vtkNew.h>
#include <vtkPVVersion.h>
#include <vtkPartitionedDataSet.h>
#include <vtkPythonInterpreter.h>
#include <vtkRectilinearGrid.h>
#include <vtkSmartPointer.h>
#include <vtkUnsignedCharArray.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "guard.h"

namespace {

struct Script {
  std::string                                  path;
  vtkSmartPointer<vtkCPPythonScriptV2Pipeline> pipeline; // null once it has failed
};

struct Catalyst {
  MPI_Comm                        comm = MPI_COMM_NULL;
  vtkSmartPointer<vtkCPProcessor> processor;
  std::vector<Script>             scripts;
};

bool Everywhere(MPI_Comm comm, bool here)
{
  int all = here;

  MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_MIN, comm);
  return all != 0;
}

void Append(char message[NAK_INSITU_MESSAGE], const std::string &text)
{
  const std::string before = message;

  std::snprintf(message, NAK_INSITU_MESSAGE, "%s%s%s", before.c_str(), before.empty() ? "" : "\n",
                text.c_str());
}

// Call a function of guard.py without arguments; its answer as text, "" where it has none.
std::string AskGuard(const char *function)
{
  vtkPythonScopeGilEnsurer gil;
  std::string              answer;
  PyObject *const          guard  = PyImport_AddModule("nakfield_guard"); // borrowed
  PyObject *const          result = PyObject_CallMethod(guard, function, nullptr);

  if (result != nullptr && PyUnicode_Check(result)) answer = PyUnicode_AsUTF8(result);
  if (result == nullptr) PyErr_Print();
  Py_XDECREF(result);
  return answer;
}

// Run guard.py as the module nakfield_guard, with the scripts' arguments as its ARGUMENTS.
bool LoadGuard(const NakInsituHow *how)
{
  vtkPythonScopeGilEnsurer gil;
  PyObject *const          guard = PyImport_AddModule("nakfield_guard");
  PyObject *const          names = PyModule_GetDict(guard);
  PyObject *const          words = PyList_New(0);

  for (int k = 0; k < how->n_words; k++) {
    PyObject *const word = PyUnicode_FromString(how->words[k]);

    PyList_Append(words, word);
    Py_XDECREF(word);
  }
  PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins());
  PyDict_SetItemString(names, "ARGUMENTS", words);
  Py_DECREF(words);
  PyObject *const result = PyRun_String(guard_text, Py_file_input, names, names);
  if (result == nullptr) PyErr_Print();
  Py_XDECREF(result);
  return result != nullptr;
}

// Python takes the interrupt for itself: the program's own handlers are put back.
class SignalsKept {
public:
  SignalsKept()
  {
    for (int k = 0; k < count; k++) sigaction(signals[k], nullptr, &before[k]);
  }
  ~SignalsKept()
  {
    for (int k = 0; k < count; k++) sigaction(signals[k], &before[k], nullptr);
  }
  SignalsKept(const SignalsKept &)            = delete;
  SignalsKept &operator=(const SignalsKept &) = delete;

private:
  static constexpr int count          = 4;
  static constexpr int signals[count] = {SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
  struct sigaction     before[count];
};

int Start(const NakInsituHow *how, void **self, char message[NAK_INSITU_MESSAGE])
{
  const SignalsKept kept;
  auto             *c  = new Catalyst;
  bool              ok = true;

  *self = c;
  MPI_Comm_dup(how->comm, &c->comm);
  setenv("PARAVIEW_OVERRIDE_EXTRACTS_OUTPUT_DIRECTORY", how->directory, 0);
  vtkMPICommunicatorOpaqueComm world(&c->comm);
  c->processor = vtkSmartPointer<vtkCPProcessor>::New();
  ok           = c->processor->Initialize(world) != 0;
  for (int k = 0; ok && k < how->n_scripts; k++) {
    // not by the factory that guesses: it takes a script without "# script-version: 2.0" for an old
    // one, which then does nothing
    auto pipeline = vtkSmartPointer<vtkCPPythonScriptV2Pipeline>::New();

    ok = pipeline->Initialize(how->scripts[k]);
    c->scripts.push_back({how->scripts[k], pipeline});
  }
  ok = Everywhere(c->comm, ok && LoadGuard(how));
  if (!ok) Append(message, "in situ: ParaView's Python did not start (is python3-paraview there?)");
  return ok ? 0 : 1;
}

vtkSmartPointer<vtkDataArray> WrapArray(const NakInsituArray &array, vtkIdType size)
{
  vtkSmartPointer<vtkDataArray> wrapped;

  if (array.values != nullptr) {
    auto reals = vtkSmartPointer<vtkDoubleArray>::New();
    reals->SetArray(const_cast<double *>(array.values), size, 1); // 1: VTK does not free it
    wrapped = reals;
  } else {
    auto bytes = vtkSmartPointer<vtkUnsignedCharArray>::New();
    bytes->SetArray(const_cast<unsigned char *>(array.bytes), size, 1);
    wrapped = bytes;
  }
  wrapped->SetName(array.name);
  wrapped->GetInformation()->Set(vtkDataArray::UNITS_LABEL(), array.unit);
  return wrapped;
}

vtkSmartPointer<vtkDoubleArray> Coordinates(const double *values, int count)
{
  auto array = vtkSmartPointer<vtkDoubleArray>::New();

  array->SetArray(const_cast<double *>(values), count, 1);
  return array;
}

void AddNumbers(const NakInsituMoment *moment, vtkDataObject *to)
{
  for (int k = 0; k < moment->n_numbers; k++) {
    vtkNew<vtkDoubleArray> number;

    number->SetName(moment->numbers[k].name);
    number->InsertNextValue(moment->numbers[k].value);
    to->GetFieldData()->AddArray(number);
  }
}

vtkSmartPointer<vtkPartitionedDataSet> Mesh(const NakInsituMoment  *moment,
                                            const NakInsituChannel &channel)
{
  vtkNew<vtkRectilinearGrid> grid;
  const int                 *n = channel.cells;

  grid->SetDimensions(n[0] + 1, n[1] + 1, n[2] + 1);
  grid->SetXCoordinates(Coordinates(channel.axes[0], n[0] + 1));
  grid->SetYCoordinates(Coordinates(channel.axes[1], n[1] + 1));
  grid->SetZCoordinates(Coordinates(channel.axes[2], n[2] + 1));
  for (int k = 0; k < channel.count; k++)
    grid->GetCellData()->AddArray(WrapArray(channel.arrays[k], grid->GetNumberOfCells()));
  AddNumbers(moment, grid);
  auto pieces = vtkSmartPointer<vtkPartitionedDataSet>::New();
  pieces->SetNumberOfPartitions(1);
  pieces->SetPartition(0, grid);
  return pieces;
}

vtkSmartPointer<vtkCPDataDescription> Describe(const NakInsituMoment *moment)
{
  auto description = vtkSmartPointer<vtkCPDataDescription>::New();

  for (int k = 0; k < moment->n_channels; k++) description->AddInput(moment->channels[k].name);
  description->SetTimeData(moment->time, moment->index);
  description->SetForceOutput(moment->last != 0);
  return description;
}

// ParaView 5.11 warns of its own first step, which it shows to a script twice at one time.
class WarningsHeld {
public:
  explicit WarningsHeld(bool hold) : before(vtkLogger::GetCurrentVerbosityCutoff())
  {
    if (hold) vtkLogger::SetStderrVerbosity(vtkLogger::VERBOSITY_ERROR);
  }
  ~WarningsHeld()
  {
    vtkLogger::SetStderrVerbosity(before);
  }
  WarningsHeld(const WarningsHeld &)            = delete;
  WarningsHeld &operator=(const WarningsHeld &) = delete;

private:
  vtkLogger::Verbosity before;
};

// One script on one moment.  What goes wrong in Python is kept by the guard.
void RunScript(Catalyst *c, Script &script, const NakInsituMoment *moment,
               char message[NAK_INSITU_MESSAGE])
{
  auto       description = Describe(moment);
  const bool wanted =
    Everywhere(c->comm, script.pipeline->RequestDataDescription(description) != 0);
  std::string failure, remark;

  if (wanted) {
    for (int k = 0; k < moment->n_channels; k++)
      description->GetInputDescriptionByName(moment->channels[k].name)
        ->SetGrid(Mesh(moment, moment->channels[k]));
    script.pipeline->CoProcess(description);
    remark = AskGuard("unknown_arrays");
  }
  failure = AskGuard("failure");
  if (!remark.empty()) Append(message, "in situ: " + script.path + ": " + remark);
  if (!failure.empty())
    Append(message, "in situ: " + script.path + ": " + failure + "; the run goes on without it");
  if (!Everywhere(c->comm, failure.empty())) script.pipeline = nullptr;
}

int Show(void *self, const NakInsituMoment *moment, char message[NAK_INSITU_MESSAGE])
{
  const SignalsKept  kept;
  const WarningsHeld held(moment->index == 0);
  auto              *c     = static_cast<Catalyst *>(self);
  int                alive = 0;

  for (auto &script : c->scripts) {
    if (script.pipeline != nullptr) RunScript(c, script, moment, message);
    if (script.pipeline != nullptr) alive++;
  }
  return alive;
}

void Stop(void *self)
{
  auto *c = static_cast<Catalyst *>(self);

  for (auto &script : c->scripts)
    if (script.pipeline != nullptr) script.pipeline->Finalize();
  c->scripts.clear();
  if (c->processor != nullptr) c->processor->Finalize();
  c->processor = nullptr;
  MPI_Comm_free(&c->comm);
  delete c;
}

const NakInsituBackend backend = {NAK_INSITU_ABI, "ParaView " PARAVIEW_VERSION_FULL, Start, Show,
                                  Stop};

} // namespace

extern "C" __attribute__((visibility("default"))) const NakInsituBackend *NakInsituPlugin()
{
  return &backend;
}
