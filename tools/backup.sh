#!/usr/bin/env bash
# A backup of a service, taken while it runs: the database first, then the files that its rows name.
#
#   backup.sh DATABASE DATA FOLDER     DATABASE as for pare-coordinator --database; DATA: its --data
#
# Leaves FOLDER/TIME/ (database.dump and the coordinator's keys) and, for all backups together, FOLDER/blobs/.
# Prints FOLDER/TIME.  A blob never changes and is stored before a row names it, so what a dump names is there
# afterwards, and the next backup copies what is new alone.  `restore.sh` reads it.
set -euo pipefail
umask 077  # keys and everybody's models

die() { echo "backup: $*" >&2; exit 1; }

[ $# -eq 3 ] || { sed -n '2,/^set/{/^set/!p}' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2; }
readonly database=$1 data=$2 folder=$3
[ -d "$data/blobs" ] || die "$data is no coordinator's data folder: it has no blobs/"
mkdir -p -- "$folder/blobs"
exec 9> "$folder/lock"
flock -n 9 || die "another backup into $folder is under way"

name=$(date -u +%Y-%m-%dT%H-%M-%SZ)
readonly name partial=$folder/incomplete
rm -rf -- "$partial"
mkdir -- "$partial"
pg_dump --format=custom --no-owner --no-privileges --file="$partial/database.dump" -- "$database" || die "the database could not be read"

blobs_in() { (cd -- "$1/blobs" && find . -type f ! -name '*.part' -printf '%P\n' | LC_ALL=C sort); }

# A copy gets its name when it is whole.
copied=0
while read -r blob; do
  mkdir -p -- "$folder/blobs/${blob%/*}"
  cp -- "$data/blobs/$blob" "$folder/blobs/$blob.part" 2> "$folder/cp.log" || {
    [ -e "$data/blobs/$blob" ] || continue  # an old checkpoint that was swept meanwhile
    die "$(cat "$folder/cp.log")"
  }
  mv -- "$folder/blobs/$blob.part" "$folder/blobs/$blob"
  copied=$((copied + 1))
done < <(comm -23 <(blobs_in "$data") <(blobs_in "$folder"))
rm -f -- "$folder/cp.log"

# Workers know the service by its keys; whoever has these can pass for it.
for file in link.keys admin.token; do
  [ ! -e "$data/$file" ] || cp -- "$data/$file" "$partial/"
done
sync -f "$folder"
mv -- "$partial" "$folder/$name"
sync -f "$folder"
echo "backup: $copied new files" >&2
echo "$folder/$name"
