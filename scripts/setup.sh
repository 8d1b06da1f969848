#!/usr/bin/env bash
# Install what nakfield needs to be built, tested and plotted; does nothing where all is there. On
# Debian and Ubuntu with apt; elsewhere it says which modules or Spack specs to load. With --insitu
# also ParaView and what draws without a screen, 2.8 GB: see docs/insitu.md; with --packaging what
# builds and tries Debian packages: see docs/install.md; with --docs what builds the site
# (scripts/docs).
set -euo pipefail

packages=(build-essential cmake ninja-build pkg-config git
  petsc-dev libpetsc-real-dev libopenmpi-dev openmpi-bin libhdf5-openmpi-dev
  libyaml-dev libudunits2-dev libxxhash-dev libssl-dev libcmocka-dev librandom123-dev
  clang libclang-rt-dev clang-format clang-tidy gcovr
  python3 python3-numpy python3-scipy python3-h5py python3-matplotlib python3-yaml)

for argument in "$@"; do
  case $argument in
    --insitu)
      packages+=(g++ paraview-dev python3-paraview libpython3-dev xvfb xauth ffmpeg python3-skimage)
      # ParaView's icons are SVG, which its packages do not ask for: of Qt 5, or of Qt 6 from Debian
      # 13 on
      if apt-cache depends paraview 2>/dev/null | grep "Depends: libqt6" >/dev/null; then
        packages+=(libqt6svg6)
      else
        packages+=(libqt5svg5)
      fi ;;
    --packaging)
      packages+=(debhelper debootstrap dh-python lintian libhdf5-mpi-dev mpi-default-bin mpi-default-dev) ;;
    --docs) packages+=(python3-sphinx python3-myst-parser furo) ;;
    *) echo "usage: scripts/setup.sh [--insitu] [--packaging] [--docs]" >&2; exit 2 ;;
  esac
done

missing_packages() {
  local package
  for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      echo "$package"
  done
}

install_packages() {
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
      echo "Not root, and sudo needs a password. Please run:" >&2
      echo "  sudo apt-get install $*" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "Installing: $*"
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"
}

# Without apt: a list of what is not found, by what would find it in the build.
check_modules() {
  local missing=() name
  for name in cmake ninja pkg-config mpicc mpirun python3; do
    command -v "$name" >/dev/null || missing+=("$name")
  done
  if command -v pkg-config >/dev/null; then
    for name in 'PETSc >= 3.18' yaml-0.1 libxxhash libcrypto cmocka; do
      pkg-config --exists "$name" || missing+=("$name")
    done
    pkg-config --exists hdf5-openmpi || pkg-config --exists hdf5-mpi || pkg-config --exists hdf5 ||
      missing+=("parallel hdf5")
  fi
  [ ${#missing[@]} -eq 0 ] && return 0
  printf 'Not found: %s\n' "${missing[@]}" >&2
  cat >&2 <<'TEXT'
There is no apt here. Load modules such as
  module load cmake ninja openmpi petsc hdf5/parallel udunits libyaml xxhash openssl python
or make and load an environment with Spack
  spack install cmake ninja openmpi petsc@3.18:~complex+hdf5 hdf5@1.14+mpi udunits libyaml xxhash openssl \
    cmocka random123 py-numpy py-scipy py-h5py py-matplotlib py-pyyaml
  spack load cmake ninja openmpi petsc hdf5 udunits libyaml xxhash openssl cmocka random123
For pictures in situ (docs/insitu.md) also: paraview+catalyst+mpi+python, 5.9 or later.
HDF5 must be 1.10 or 1.14.
PETSc must be built with real scalars, and pkg-config must find PETSc.pc (set PKG_CONFIG_PATH).
TEXT
  return 1
}

if ! command -v apt-get >/dev/null; then
  check_modules
  exit
fi
mapfile -t missing < <(missing_packages)
if [ ${#missing[@]} -gt 0 ]; then
  install_packages "${missing[@]}"
fi
