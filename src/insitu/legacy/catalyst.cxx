// The back end "legacy": ParaView's vtkCPProcessor, as a plugin.  The contract is in ../backend.h.
#include "parts.h"

#include <vtkCPDataDescription.h>
#include <vtkCPInputDataDescription.h>
#include <vtkCPProcessor.h>
#include <vtkCPPythonScriptV2Pipeline.h>
#include <vtkLogger.h>
#include <vtkMPI.h>
#include <vtkPVVersion.h>

#include <vector>

#include "guard.h"

namespace {

constexpr const char *module_name = "nakfield_guard";

struct Script {
  std::string                                  path;
  vtkSmartPointer<vtkCPPythonScriptV2Pipeline> pipeline; // null once it has failed
};

struct Catalyst {
  MPI_Comm                        comm = MPI_COMM_NULL;
  vtkSmartPointer<vtkCPProcessor> processor;
  std::vector<Script>             scripts;
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
  ok = Everywhere(c->comm, ok && LoadModule(module_name, guard_text, how));
  if (!ok) Append(message, "in situ: ParaView's Python did not start (is python3-paraview there?)");
  return ok ? 0 : 1;
}

vtkSmartPointer<vtkCPDataDescription> Describe(const NakInsituMoment *moment)
{
  auto description = vtkSmartPointer<vtkCPDataDescription>::New();

  for (int k = 0; k < moment->n_channels; k++) description->AddInput(moment->channels[k].name);
  description->SetTimeData(moment->time, moment->index);
  description->SetForceOutput(moment->last != 0);
  return description;
}

// ParaView 5.11 warns about its own first step, which it shows to a script twice at one time.
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

// One script on one moment.  The guard keeps what goes wrong in Python.
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
    remark = Ask(module_name, "unknown_arrays");
  }
  failure = Ask(module_name, "failure");
  if (!remark.empty()) Append(message, "in situ: " + script.path + ": " + remark);
  if (!failure.empty())
    Append(message, "in situ: " + script.path + ": " + failure + "; the run continues without it");
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
