#!/usr/bin/env bash
# changed_sources.sh [BASE]: the sources that a change touches, one a line, at most 24: what CI lints.
#
# A header counts as the source of its name, or else as the first one that includes it.  A change is
# looked at from BASE, else from where it left origin/main, else from the commit before HEAD; what is
# not committed belongs to it.  On stderr stands from where, and what was left out.
set -euo pipefail

readonly most=24  # some ten seconds of a processor each

die() { echo "changed_sources: $*" >&2; exit 2; }

base_of() {
  if [ $# -gt 0 ]; then
    git rev-parse --verify --quiet "$1^{commit}" || die "there is no commit '$1'"
    return
  fi
  local left
  left=$(git merge-base HEAD origin/main 2> /dev/null) || left=
  if [ -n "$left" ] && [ "$left" != "$(git rev-parse HEAD)" ]; then
    echo "$left"
  elif git rev-parse --verify --quiet HEAD~1; then
    echo "changed_sources: origin/main says nothing of where this change began: the last commit" >&2
  else
    echo "changed_sources: no commit before this one is here: what it changed is not known" >&2
    git rev-parse HEAD
  fi
}

# The files that changed, the most changed first: added and removed lines, then the name.
changed_files() {
  { git diff --numstat --no-renames --diff-filter=d "$1" -- '*.h' '*.cpp'
    git ls-files --others --exclude-standard -- '*.h' '*.cpp' | sed 's/^/1\t0\t/'
  } | awk -F'\t' '{print $1 + $2 "\t" $3}' | sort -k1,1nr -k2 | cut -f2
}

# Nothing where nobody does.  sed reads to the end: head would leave git grep writing to nobody, which is a failure.
first_that_includes() {
  { git grep -lF "#include \"$1\"" -- '*.cpp' || true; } | sed -n 1p
}

source_of() {
  case $1 in
    *.cpp) echo "$1" ;;
    *) if [ -e "${1%.h}.cpp" ]; then echo "${1%.h}.cpp"; else first_that_includes "$1"; fi ;;
  esac
}

git rev-parse --verify --quiet HEAD > /dev/null ||
  { echo "changed_sources: no git history here: what changed is not known, nothing is listed" >&2; exit 0; }
base=$(base_of "$@")
mapfile -t sources < <(changed_files "$base" | grep -Ev '^(tests|bench|engine/train|worker/runtimes/torchscript)/' |
  while read -r file; do source_of "$file"; done | awk 'NF && !seen[$0]++')
echo "changed_sources: ${#sources[@]} sources since $(git rev-parse --short "$base")" >&2
[ ${#sources[@]} -le $most ] ||
  echo "changed_sources: only the $most most changed; ./dev lint reads all" >&2
[ ${#sources[@]} -eq 0 ] || printf '%s\n' "${sources[@]:0:$most}"
