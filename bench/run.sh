#!/usr/bin/env bash
# bench/run.sh BUILD_FOLDER QUESTION [ARGUMENT ...]: asks one question; without one, lists them.
# A question is a script QUESTION/QUESTION.py, told the build folder, or a program QUESTION_bench.
set -euo pipefail
build=$(readlink -f "$1") question=${2:-}
here=$(dirname "$(readlink -f "$0")")

questions() {
  local found
  for found in "$here"/*/; do [ ! -e "$found$(basename "$found").py" ] || basename "$found"; done
  for found in "$build"/bench/*_bench; do [ ! -x "$found" ] || basename "$found" _bench; done
}

script=$here/$question/$question.py
if [ -n "$question" ] && [ -e "$script" ]; then
  exec "${PARE_VENV:-${XDG_DATA_HOME:-$HOME/.local/share}/pare/venv}/bin/python" "$script" --build "$build" "${@:3}"
elif [ -n "$question" ] && [ -x "$build/bench/${question}_bench" ]; then
  exec "$build/bench/${question}_bench" "${@:3}"
fi
[ -z "$question" ] || echo "bench: there is no '$question'" >&2
echo "questions: $(questions | sort | tr '\n' ' ')" >&2
exit 2
