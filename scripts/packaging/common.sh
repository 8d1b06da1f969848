# Sourced by the scripts of this folder.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
script=$(basename "$0")

fail() {
  echo "$script: $1" >&2
  exit "${2-1}"
}

need() { # commands...
  local command
  for command in "$@"; do
    command -v "$command" >/dev/null || fail "there is no $command; run scripts/setup.sh --packaging"
  done
}

# Copy the tree as it is now, without what git does not know of where there is git, and without
# .git.
export_tree() { # FOLDER
  mkdir -p "$1"
  if git -C "$top" rev-parse 2>/dev/null && [ -e "$top/.git" ]; then
    git -C "$top" ls-files -z --cached --others --exclude-standard |
      (cd "$top" && tar --null --ignore-failed-read -T - -cf - 2>/dev/null) | tar -C "$1" -xf -
  else
    tar -C "$top" --exclude='./build*' --exclude=./runs --exclude=__pycache__ -cf - . | tar -C "$1" -xf -
  fi
}

# Go on as root in a name space of mounts of its own, which ends with the script, whatever ends
# that.
as_root_apart() {
  [ -z "${NAK_APART-}" ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || fail "a chroot needs root: sudo scripts/packaging/$script $*" 77
    exec sudo NAK_APART=1 unshare --mount "$0" "$@"
  fi
  unshare --mount true 2>/dev/null || fail "mounting is not allowed here (unshare --mount)" 77
  NAK_APART=1 exec unshare --mount "$0" "$@"
}

# Name servers, and /proc, /dev and /sys until the script ends.
enter_chroot() { # FOLDER
  local place
  [ ! -f /etc/resolv.conf ] || cp -L /etc/resolv.conf "$1/etc/resolv.conf"
  for place in proc sys dev; do
    mount --rbind "/$place" "$1/$place" && mount --make-rslave "$1/$place"
  done
}

# A bare Debian, entered.
bare_chroot() { # SUITE FOLDER
  local mirror=${NAK_MIRROR-http://deb.debian.org/debian}
  mkdir -p "$2"
  debootstrap --variant=minbase "$1" "$2" "$mirror" >"$2.log" 2>&1 || { tail -20 "$2.log"; fail "debootstrap failed"; }
  cat >"$2/etc/apt/sources.list" <<LIST
deb $mirror $1 main
deb $mirror $1-updates main
deb ${mirror}-security $1-security main
LIST
  echo force-unsafe-io >"$2/etc/dpkg/dpkg.cfg.d/fast" # it is thrown away
  echo 'APT::Sandbox::User "root"; Acquire::Languages "none";' >"$2/etc/apt/apt.conf.d/99bare"
  enter_chroot "$2"
}

# A command within, with an environment that says nothing of the machine around it.
within() { # FOLDER COMMAND...
  local folder=$1
  shift
  chroot "$folder" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "$@"
}
