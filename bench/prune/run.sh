#!/usr/bin/env bash
# bench/prune/run.sh BUILD_FOLDER [ARGUMENT ...]; --help says what it answers.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
exec "${PARE_VENV:-${XDG_DATA_HOME:-$HOME/.local/share}/pare/venv}/bin/python" "$here/prune.py" --build "$@"
