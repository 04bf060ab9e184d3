#!/bin/sh
# Runs one command of this folder, or a test file, with Deno: $DENO_BIN, the one
# on PATH, the usual folders, or npm's package, in this order. ssh, cron and
# launchd give a short PATH, so the usual folders are needed.
# Usage: with-deno.sh <command> [options]
#        with-deno.sh test <file> [options of deno test]
set -eu

pinned=2.9.5
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)

if [ "${1:-}" = test ]; then
  shift
  set -- test --allow-all --no-check --config "$here/../../deno.json" "$@"
else
  set -- run --allow-all "$here/cli.ts" "$@"
fi

# An old Deno cannot read the project's configuration, so it is passed over.
# One that does not tell its version is taken at its word.
usable() {
  [ -f "$1" ] && [ -x "$1" ] || return 1
  case $("$1" --version 2>/dev/null </dev/null | head -n 1) in
  "deno 1."* | "deno 2."[0-8].*) return 1 ;;
  esac
}

if [ -n "${DENO_BIN:-}" ]; then
  if ! [ -x "$DENO_BIN" ] || [ -d "$DENO_BIN" ]; then
    echo "Cannot run: DENO_BIN is $DENO_BIN, which is no program" >&2
    exit 2
  fi
  exec "$DENO_BIN" "$@"
fi

for deno in "$(command -v deno || :)" "${HOME:-}/.deno/bin/deno" \
  /opt/homebrew/bin/deno /usr/local/bin/deno "${HOME:-}/.local/bin/deno"; do
  if usable "$deno"; then
    exec "$deno" "$@"
  fi
done

for npx in "$(command -v npx || :)" /opt/homebrew/bin/npx /usr/local/bin/npx; do
  if [ -x "$npx" ]; then
    # npx is a Node script: Node stands beside it.
    PATH=$(dirname -- "$npx"):$PATH
    export PATH
    exec "$npx" -y "deno@$pinned" "$@"
  fi
done

echo "Cannot run: neither Deno nor npx was found; install Deno $pinned \
(https://deno.com) or Node, or set DENO_BIN" >&2
exit 127
