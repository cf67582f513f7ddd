#!/usr/bin/env bash
# bench/run.sh BUILD_FOLDER QUESTION [ARGUMENT ...]: asks one question; without one, lists them.
set -euo pipefail
build=$1 question=${2:-}
program=$build/bench/${question}_bench
if [ -z "$question" ] || [ ! -x "$program" ]; then
  [ -z "$question" ] || echo "bench: there is no '$question'" >&2
  echo "questions: $(cd "$build/bench" && ls -- *_bench | sed 's/_bench$//' | tr '\n' ' ')" >&2
  exit 2
fi
exec "$program" "${@:3}"
