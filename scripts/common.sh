# Sourced by the other scripts: where things are, and what MPI needs to run anywhere.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# As root, and with more ranks than cores, Open MPI needs these: 4 the second line, 5 the third.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
export PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe PRTE_MCA_hwloc_default_binding_policy=none
export OMP_NUM_THREADS=1
cores=$(env -u OMP_NUM_THREADS nproc) # which believes that variable

# The Python of all scripts, tests included: see scripts/python/python3.
find_python() {
  "$top/scripts/python/python3" -c 'import sys, h5py, matplotlib; print(sys.executable)' 2>/dev/null ||
    { echo "no python3 with h5py, matplotlib, numpy, scipy and yaml; run scripts/setup.sh" >&2 && false; }
}

fuzz_targets=(fuzz_deck fuzz_material fuzz_measured fuzz_units fuzz_checkpoint fuzz_protocol
  fuzz_command)

# build PRESET [TARGET ...]: configure and compile into build/PRESET.
build() {
  local python targets=()
  [ $# -lt 2 ] || targets=(--target "${@:2}")
  python=$(find_python) || return 1
  (cd "$top" && cmake --preset "$1" -DPython3_EXECUTABLE="$python" >"/tmp/nakfield-cmake-$$.log" 2>&1) || {
    cat "/tmp/nakfield-cmake-$$.log" >&2
    rm -f "/tmp/nakfield-cmake-$$.log"
    return 1
  }
  rm -f "/tmp/nakfield-cmake-$$.log"
  cmake --build "$top/build/$1" --parallel "$cores" "${targets[@]}"
}
