// What the two plugins share: meshes around the simulation's arrays, and the Python code for them.
#pragma once
#include <vtkPython.h> // first, as Python wants it

#include "../backend.h"

#include <vtkCellData.h>
#include <vtkDoubleArray.h>
#include <vtkFieldData.h>
#include <vtkInformation.h>
#include <vtkInformationStringKey.h>
#include <vtkNew.h>
#include <vtkPartitionedDataSet.h>
#include <vtkPythonInterpreter.h>
#include <vtkRectilinearGrid.h>
#include <vtkSmartPointer.h>
#include <vtkUnsignedCharArray.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

inline bool Everywhere(MPI_Comm comm, bool here)
{
  int all = here;

  MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_MIN, comm);
  return all != 0;
}

inline void Append(char message[NAK_INSITU_MESSAGE], const std::string &text)
{
  const std::string before = message;

  std::snprintf(message, NAK_INSITU_MESSAGE, "%s%s%s", before.c_str(), before.empty() ? "" : "\n",
                text.c_str());
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

// ---- Python; each function takes the interpreter's lock ----

// Run a text as the module `name`, with the scripts' arguments as its ARGUMENTS.
inline bool LoadModule(const char *name, const char *text, const NakInsituHow *how)
{
  vtkPythonScopeGilEnsurer gil;
  PyObject *const          module = PyImport_AddModule(name); // borrowed
  PyObject *const          names  = PyModule_GetDict(module);
  PyObject *const          words  = PyList_New(0);

  for (int k = 0; k < how->n_words; k++) {
    PyObject *const word = PyUnicode_FromString(how->words[k]);

    PyList_Append(words, word);
    Py_XDECREF(word);
  }
  PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins());
  PyDict_SetItemString(names, "ARGUMENTS", words);
  Py_DECREF(words);
  PyObject *const result = PyRun_String(text, Py_file_input, names, names);
  if (result == nullptr) PyErr_Print();
  Py_XDECREF(result);
  return result != nullptr;
}

// Call a function of that module.  Returns its answer as text, "" if it has none.  Takes
// `arguments`, a tuple, or nullptr for none.
inline std::string Ask(const char *name, const char *function, PyObject *arguments = nullptr)
{
  std::string     answer;
  PyObject *const called = PyObject_GetAttrString(PyImport_AddModule(name), function);
  PyObject *const result = called == nullptr ? nullptr : PyObject_CallObject(called, arguments);

  if (result != nullptr && PyUnicode_Check(result)) answer = PyUnicode_AsUTF8(result);
  if (result == nullptr) PyErr_Print();
  Py_XDECREF(result);
  Py_XDECREF(called);
  Py_XDECREF(arguments);
  return answer;
}

// ---- Meshes; the arrays stay the caller's ----

inline vtkSmartPointer<vtkDoubleArray> WrapReals(const char *name, const double *values,
                                                 vtkIdType count)
{
  auto array = vtkSmartPointer<vtkDoubleArray>::New();

  array->SetName(name);
  array->SetArray(const_cast<double *>(values), count, 1); // 1: VTK does not free it
  return array;
}

inline vtkSmartPointer<vtkDataArray> WrapArray(const NakInsituArray &array, vtkIdType size)
{
  vtkSmartPointer<vtkDataArray> wrapped;

  if (array.values != nullptr) {
    wrapped = WrapReals(array.name, array.values, size);
  } else {
    auto bytes = vtkSmartPointer<vtkUnsignedCharArray>::New();
    bytes->SetArray(const_cast<unsigned char *>(array.bytes), size, 1);
    wrapped = bytes;
  }
  wrapped->SetName(array.name);
  wrapped->GetInformation()->Set(vtkDataArray::UNITS_LABEL(), array.unit);
  return wrapped;
}

inline void AddNumbers(const NakInsituMoment *moment, vtkDataObject *to)
{
  for (int k = 0; k < moment->n_numbers; k++) {
    vtkNew<vtkDoubleArray> number;

    number->SetName(moment->numbers[k].name);
    number->InsertNextValue(moment->numbers[k].value);
    to->GetFieldData()->AddArray(number);
  }
}

inline vtkSmartPointer<vtkPartitionedDataSet> Mesh(const NakInsituMoment  *moment,
                                                   const NakInsituChannel &channel)
{
  vtkNew<vtkRectilinearGrid> grid;
  const int                 *n = channel.cells;

  grid->SetDimensions(n[0] + 1, n[1] + 1, n[2] + 1);
  grid->SetXCoordinates(WrapReals("x", channel.axes[0], n[0] + 1));
  grid->SetYCoordinates(WrapReals("y", channel.axes[1], n[1] + 1));
  grid->SetZCoordinates(WrapReals("z", channel.axes[2], n[2] + 1));
  for (int k = 0; k < channel.count; k++)
    grid->GetCellData()->AddArray(WrapArray(channel.arrays[k], grid->GetNumberOfCells()));
  AddNumbers(moment, grid);
  auto pieces = vtkSmartPointer<vtkPartitionedDataSet>::New();
  pieces->SetNumberOfPartitions(1);
  pieces->SetPartition(0, grid);
  return pieces;
}
