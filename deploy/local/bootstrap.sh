#!/usr/bin/env bash
# Makes this machine able to run the project: `bootstrap.sh demo` for the platform, `bootstrap.sh test` for the
# checks and tests as well. Installs the Debian packages that are missing and the pinned Python packages into
# .venv. Says nothing and takes a moment when all is there; ends with one sentence when it can't go on.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
cd -- "$root"
export LC_ALL=C
kind=${1:-demo}
log=var/log/bootstrap.log

fail() {
  echo "$1" >&2
  exit 1
}

say() {
  echo "· $1"
  echo "== $(date -u +%FT%TZ) $1" >>"$log"
}

case $kind in
  demo | test) ;;
  *) fail "usage: deploy/local/bootstrap.sh demo|test" ;;
esac
lock_file=requirements/$kind.lock
stamp=.venv/installed.$kind

mkdir -p var/log 2>/dev/null || fail "The folder $root/var can't be written; check its owner and that the disk is not full."
{ : >>"$log"; } 2>/dev/null || fail "The file $root/$log can't be written; check its owner and that the disk is not full."

# Two runs at once would install into each other; the second waits and then finds everything there.
exec 8>var/log/bootstrap.lock
flock 8

missing_packages() {
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || echo postgresql
  [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || echo rabbitmq-server
  command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || echo nginx
  command -v setpriv >/dev/null || echo util-linux
  [ -e /usr/share/zoneinfo/Europe/Copenhagen ] || echo tzdata
  command -v node >/dev/null || echo nodejs
  command -v npm >/dev/null || echo npm
  [ "$kind" = demo ] || command -v chromium >/dev/null || echo chromium
  # A Python from Debian comes without the parts that make a virtual environment.
  [ -x .venv/bin/pip ] || python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || echo python3-venv
}

require_python() {
  command -v python3 >/dev/null || fail "python3 is missing; install Python 3.11 or newer."
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
    || fail "python3 is $(python3 --version 2>&1), and the project needs Python 3.11 or newer; put a newer one first in PATH."
}

require_room() {
  local free
  free=$(df --output=avail -BM -- "$1" | tail -n 1 | tr -dc 0-9)
  [ "$free" -ge "$2" ] || fail "The disk is nearly full: $free MB are free where $1 lies and $2 MB are needed; make room there."
}

why() {
  # The cause of a failure, as far as the end of the log gives it away.
  if tail -n 60 "$log" | grep -qiE 'no space left on device'; then
    echo "the disk is full"
  elif tail -n 60 "$log" | grep -qiE 'could not resolve|temporary failure|connection (refused|timed out|broken)|failed to establish|network is unreachable|failed to fetch|max retries|timed out'; then
    echo "the package server could not be reached"
  elif tail -n 60 "$log" | grep -qiE 'do not match the hashes'; then
    echo "a package is not the one that was pinned"
  else
    grep -v '^== ' "$log" | tail -n 1 | grep . || echo "for a reason nothing was said about"
  fi
}

install_packages() {
  local become=()
  require_room / 700
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null \
      || fail "These Debian packages are missing: $*; installing them needs root, and there is no sudo here."
    if ! sudo -n true 2>/dev/null; then
      # Only a person at a terminal can type a password.
      [ -t 0 ] || fail "These Debian packages are missing: $*; sudo asks for a password, so install them yourself or run this at a terminal."
      sudo -v || fail "These Debian packages are missing: $*; sudo did not let you install them."
    fi
    become=(sudo)
  fi
  command -v apt-get >/dev/null \
    || fail "These programs are missing: $*; this is not a Debian system, so install them yourself."
  say "installing Debian packages: $* (they will not run as system services)"
  "${become[@]}" bash deploy/local/packages.sh "$@" >>"$log" 2>&1 8>&- \
    || fail "The Debian packages $* could not be installed: $(why) (see $root/$log)."
}

install_python_packages() {
  require_room . 900
  if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    # Not there, made half-way, or its Python is gone.
    say "making .venv with $(python3 --version)"
    { rm -rf .venv && python3 -m venv .venv; } >>"$log" 2>&1 \
      || fail "The virtual environment .venv could not be made: $(why) (see $root/$log)."
  fi
  say "installing the Python packages of $lock_file"
  .venv/bin/python -m pip install --disable-pip-version-check --no-input --require-hashes -r "$lock_file" >>"$log" 2>&1 8>&- \
    || fail "The Python packages could not be installed: $(why) (see $root/$log)."
  sha256sum "$lock_file" >"$stamp"
}

assets=services/portal/assets
pages=services/portal/static

assets_mark() {
  find "$assets" -path "$assets/node_modules" -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
}

build_assets() {
  require_room . 200
  say "building what the portal's pages are styled with"
  { (cd "$assets" && npm ci --no-audit --no-fund && node build.mjs) && assets_mark >"$pages/built"; } >>"$log" 2>&1 8>&- \
    || fail "The portal's styles could not be built: $(why) (see $root/$log)."
}

if [ ! -x .venv/bin/python ]; then
  require_python
fi
mapfile -t missing < <(missing_packages)
if [ "${#missing[@]}" -gt 0 ]; then
  install_packages "${missing[@]}"
  mapfile -t missing < <(missing_packages)
  [ "${#missing[@]}" = 0 ] || fail "Still missing after installing: ${missing[*]} (see $root/$log)."
fi
if [ ! -e "$stamp" ] || ! sha256sum --check --status "$stamp" 2>/dev/null; then
  install_python_packages
fi
if [ "$(cat "$pages/built" 2>/dev/null)" != "$(assets_mark)" ]; then
  build_assets
fi
