#!/bin/sh
# Checks what is installed, without asking a running service.
# Usage: check-launchd.sh --help
exec /bin/sh "$(dirname -- "$0")/with-deno.sh" check-launchd "$@"
