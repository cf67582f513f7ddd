#!/usr/bin/env bash
# bench/run.sh BUILD_FOLDER QUESTION [ARGUMENT ...]: asks one question; without one, lists them.
# A question is a folder with a run.sh (told the build folder first) or a program QUESTION_bench.
set -euo pipefail
build=$(readlink -f "$1") question=${2:-}
here=$(dirname "$(readlink -f "$0")")

questions() {
  local found
  for found in "$here"/*/run.sh; do [ ! -x "$found" ] || basename "$(dirname "$found")"; done
  for found in "$build"/bench/*_bench; do [ ! -x "$found" ] || basename "$found" _bench; done
}

if [ -n "$question" ] && [ -x "$here/$question/run.sh" ]; then
  exec "$here/$question/run.sh" "$build" "${@:3}"
elif [ -n "$question" ] && [ -x "$build/bench/${question}_bench" ]; then
  exec "$build/bench/${question}_bench" "${@:3}"
fi
[ -z "$question" ] || echo "bench: there is no '$question'" >&2
echo "questions: $(questions | sort | tr '\n' ' ')" >&2
exit 2
