# Whether a terminal reads this, and what is set off on one.  Sourced by scripts that speak to people.

# Not where the user wants plain text (https://no-color.org), or the terminal understands no more: as cli/main.cpp has it.
may_draw() { [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-}" != dumb ]; }

heading() {
  if may_draw; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi
}
