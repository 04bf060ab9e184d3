#!/bin/sh
# Proves the Codex side with a temporary codexd and conductor: with a stand-in
# for Codex, and with the real one ($BAA_CODEX_BIN, else codex on PATH) where
# there is one; it says which.
# Usage: codexd-e2e-smoke.sh [options of deno test]
here=$(dirname -- "$0")
BAA_TEST_CODEX_BIN=${BAA_CODEX_BIN:-codex}
export BAA_TEST_CODEX_BIN
exec /bin/sh "$here/with-deno.sh" test "$here/../smoke/codexd_test.ts" "$@"
