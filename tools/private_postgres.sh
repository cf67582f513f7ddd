#!/usr/bin/env bash
# A PostgreSQL of our own: one folder, one Unix socket, no TCP.
#
#   private_postgres.sh start DIR [SETTING=VALUE ...]   makes it if need be, starts it, prints its URL
#   private_postgres.sh url DIR                         prints its URL
#   private_postgres.sh stop DIR                        stops it; the data stays
#   private_postgres.sh destroy DIR                     stops it and removes DIR
#
# Every command may be repeated.  PostgreSQL refuses to run as root: then it runs as `postgres`, who
# must be able to reach DIR.  Whoever may enter DIR/socket (its owner and root) is let in without
# a password.
set -euo pipefail

die() { echo "private_postgres: $*" >&2; exit 1; }

[ $# -ge 2 ] || { sed -n '2,/^set/{/^set/!p}' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2; }
command=$1
[[ $2 != *$'\n'* ]] || die "a line end in the name of a folder: PostgreSQL keeps names one a line"
dir=$(realpath -m -- "$2")
shift 2

# DIR may have any other name, but pg_ctl hands what it is given to a shell, PostgreSQL takes a list of
# folders for sockets, and clients a list of hosts.  So the first is told names within DIR, and a
# socket whose path is no plain one, or too long, lies elsewhere.
readonly data=$dir/data log=$dir/postgres.log
socket=$dir/socket
plain='^[A-Za-z0-9/._-]*$'
if [ ${#socket} -gt 80 ] || ! [[ $socket =~ $plain ]]; then  # its path holds 107 bytes, the file's name included
  socket=/tmp/pare-pg-$(printf '%s' "$dir" | sha256sum | cut -c1-16)
  [ ! -L "$socket" ] || die "$socket is a link: somebody else's"
fi

# Runs a command in DIR as the user that owns the database.
as_owner() {
  cd -- "$dir"
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid=postgres --regid=postgres --init-groups env HOME=/ "$@"
  else
    "$@"
  fi
}

# The programs of the version that made the data, or of the newest one installed.
find_bin() {
  local version='*'
  [ ! -e "$data/PG_VERSION" ] || version=$(cat "$data/PG_VERSION")
  local found
  found=$(compgen -G "/usr/lib/postgresql/$version/bin/pg_ctl" | sort -V | tail -1) || true
  [ -n "$found" ] || found=$(command -v pg_ctl) || die "PostgreSQL is not installed (wanted: version $version)"
  dirname "$found"
}

print_url() { echo "postgresql://pare@/pare?host=${socket//\//%2F}"; }

running() { [ -e "$data/PG_VERSION" ] && as_owner "$bin/pg_ctl" -D data status > /dev/null; }

make_cluster() {
  as_owner "$bin/initdb" -D data --username=pare --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
    > "$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; die "could not make a database in $data"; }
}

start() {
  mkdir -p -- "$dir" "$socket"
  if [ "$(id -u)" = 0 ]; then
    chown -- postgres: "$dir" "$socket"
    as_owner test -w "$dir" || die "the user postgres cannot reach $dir: choose a folder that it can enter"
  fi
  chmod -- 0700 "$dir" "$socket"
  exec 9> "$dir/lock"
  flock 9  # two at once: the second finds it running
  [ -e "$data/PG_VERSION" ] || make_cluster
  if ! running; then
    local settings="-c listen_addresses='' -c unix_socket_directories='$socket' -c shared_buffers=64MB"
    settings+=" -c max_connections=60 -c max_wal_size=256MB -c jit=off"
    local setting
    for setting in "$@"; do settings+=" -c $setting"; done
    as_owner "$bin/pg_ctl" -D data -w -t 60 -l postgres.log -o "$settings" start > /dev/null 9>&- ||
      { tail -20 "$log" >&2; die "PostgreSQL did not start (its log: $log)"; }
  fi
  local pare
  pare=$(as_owner "$bin/psql" -h "$socket" -U pare -d postgres -Atc "SELECT 1 FROM pg_database WHERE datname = 'pare'")
  [ "$pare" = 1 ] || as_owner "$bin/createdb" -h "$socket" -U pare pare
  print_url
}

stop() {
  if running; then as_owner "$bin/pg_ctl" -D data -w -t 60 -m fast stop > /dev/null; fi
}

bin=$(find_bin)
case $command in
  start) start "$@" ;;
  url) print_url ;;
  stop) stop ;;
  destroy) stop; rm -rf -- "$dir" "$socket" ;;
  *) die "there is no '$command'" ;;
esac
