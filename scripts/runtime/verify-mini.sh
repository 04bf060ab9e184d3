#!/bin/sh
# Checks what is installed, then the running node.
# Usage: verify-mini.sh --help
exec /bin/sh "$(dirname -- "$0")/with-deno.sh" verify-mini "$@"
