#!/bin/sh
# Proves the Codex side with a temporary codexd and conductor: with the real
# Codex when there is one, with a stand-in otherwise; it says which.
# Usage: codexd-e2e-smoke.sh
exec /bin/sh "$(dirname -- "$0")/with-deno.sh" codexd-e2e-smoke "$@"
