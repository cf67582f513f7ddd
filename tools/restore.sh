#!/usr/bin/env bash
# Brings a backup of backup.sh back, into an empty database and an empty folder, with no coordinator running.
#
#   restore.sh FOLDER/TIME DATABASE DATA     DATABASE as for pare-coordinator --database; DATA: its --data
#
# Files are checked against their names before anything is written; the database comes back whole or not at all.
# Exit code 1, and all else in its place: files that rows name were not in the backup.
set -euo pipefail
umask 077

die() { echo "restore: $*" >&2; exit 1; }

[ $# -eq 3 ] || { sed -n '2,/^set/{/^set/!p}' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2; }
readonly backup=$1 database=$2 data=$3
readonly blobs=${backup%/}/../blobs
[ -s "$backup/database.dump" ] || die "$backup is no backup: it has no database.dump"
[ -d "$blobs" ] || die "the files of all backups are not at $blobs"
[ ! -e "$data/blobs" ] || die "$data has blobs already; name a folder that is empty or not there"

ask() { psql "$database" -qAtX -v ON_ERROR_STOP=1 -c "$1"; }

tables=$(ask "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") || die "the database does not answer"
[ "$tables" = 0 ] || die "the database has $tables tables already; make an empty one"

# Each blob's name is its SHA-256.  Before anything is written: a backup that is spoilt changes nothing.
(cd -- "$blobs" && find . -type f -name '[0-9a-f]*' ! -name '*.part' -printf '%f  %P\n' | sha256sum --check --quiet --strict) ||
  die "these files of the backup are not what their names say; remove them to go on without"

pg_restore --exit-on-error --single-transaction --no-owner --no-privileges --dbname="$database" -- "$backup/database.dump" || die "the database could not be written"
# A worker may still hold the end of a task that was begun after the backup.  Its number must not come again for
# another task: attempts are known by (task, attempt) alone.
ask "SELECT setval(pg_get_serial_sequence('task', 'id'), (SELECT coalesce(max(id), 0) + 1000000 FROM task))" > /dev/null

mkdir -p -- "$data"
cp -r -- "$blobs" "$data/blobs"
for file in link.keys admin.token; do
  [ ! -e "$backup/$file" ] || cp -- "$backup/$file" "$data/"
done
sync -f "$data"
missing=$(comm -13 <(find "$data/blobs" -type f -printf '%f\n' | LC_ALL=C sort) <(ask 'SELECT sha256 FROM blob' | LC_ALL=C sort))
echo "restore: $(ask 'SELECT count(*) FROM job') jobs, $(find "$data/blobs" -type f | wc -l) files"
[ -z "$missing" ] || die "the database names files that the backup lacks: $(echo "$missing" | head -5 | tr '\n' ' ')($(echo "$missing" | wc -l) in all)"
