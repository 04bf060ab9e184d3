#!/bin/sh
# Checks the running node.
# Usage: check-node.sh --help
exec /bin/sh "$(dirname -- "$0")/with-deno.sh" check-node "$@"
