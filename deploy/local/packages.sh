#!/usr/bin/env bash
# Installs the Debian packages named as arguments and sees to it that none of them starts a system
# service, now or at the next boot: the platform runs private servers of its own.
# Needs root. Everything said goes to standard output; the caller keeps it in a log.
# Ends with 0, or with 1 after one sentence on standard error.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

policy=/usr/sbin/policy-rc.d
saved=/usr/sbin/policy-rc.d.before-serviceplatform
marker='serviceplatform-self-service: temporary, forbids starting services while packages are installed'
cluster_rule=/etc/postgresql-common/createcluster.d/serviceplatform-no-cluster.conf
units=(postgresql.service rabbitmq-server.service nginx.service epmd.service epmd.socket)

fail() {
  echo "$1" >&2
  exit 1
}

restore() {
  if [ -e "$policy" ] && grep -qF "$marker" "$policy"; then
    rm -f "$policy"
  fi
  if [ -e "$saved" ]; then
    mv -f "$saved" "$policy"
  fi
  rm -f "$cluster_rule"
  rmdir --ignore-fail-on-non-empty /etc/postgresql-common/createcluster.d /etc/postgresql-common 2>/dev/null || true
}

forbid_starting() {
  # A machine that already forbids it (most container images) is left exactly as it is.
  if [ -x "$policy" ] && ! "$policy" rabbitmq-server start >/dev/null 2>&1; then
    return
  fi
  if [ -e "$policy" ] || [ -L "$policy" ]; then
    mv -f "$policy" "$saved"
  fi
  printf '#!/bin/sh\n# %s\nexit 101\n' "$marker" >"$policy"
  chmod 755 "$policy"
}

enabled_links() {
  { find /etc/systemd/system /etc/rc[0-9S].d -type l 2>/dev/null || true; } | sort
}

clusters() {
  { pg_lsclusters --no-header 2>/dev/null || true; } | awk '{print $1, $2}'
}

install() {
  apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold "$@"
}

[ "$(id -u)" = 0 ] || fail "Installing packages needs root."

# One installation at a time on this machine, also from several checkouts.
mkdir -p /run/lock
exec 9>/run/lock/serviceplatform-packages.lock
flock 9
restore # what an installation killed half-way left behind
trap restore EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

links_before=$(enabled_links)
clusters_before=$(clusters)
forbid_starting
mkdir -p "${cluster_rule%/*}"
echo 'create_main_cluster = false' >"$cluster_rule"

known=1
for package in "$@"; do
  apt-cache show "$package" >/dev/null 2>&1 || known=0
done
if [ "$known" = 0 ] || ! install "$@"; then
  apt-get update -o DPkg::Lock::Timeout=300 || fail "The Debian package lists could not be fetched (is the package server reachable?)."
  install "$@" || fail "The Debian packages could not be installed: $*."
fi

# A package enables its service for the next boot; those that were not enabled before are disabled again,
# which for systemd means: the links go (an upgrade of the package then leaves them gone).
for unit in "${units[@]}"; do
  new=$(comm -13 <(echo "$links_before") <(enabled_links) | grep -E "/$unit\$" || true)
  if [ -n "$new" ]; then
    echo "disabling $unit"
    for link in $new; do rm -f "$link"; done
  fi
done
for service in postgresql rabbitmq-server nginx; do
  new=$(comm -13 <(echo "$links_before") <(enabled_links) | grep -E "/rc[2-5]\.d/S[0-9]+$service\$" || true)
  if [ -n "$new" ]; then
    update-rc.d "$service" disable || true
  fi
done
# Whoever set create_main_cluster themselves wins over our file; a cluster nobody had asked for goes again.
comm -13 <(echo "$clusters_before" | sort) <(clusters | sort) | while read -r version name; do
  [ -n "$name" ] || continue
  echo "dropping the cluster $version/$name that the package made"
  pg_dropcluster "$version" "$name"
done
