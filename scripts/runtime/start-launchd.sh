#!/bin/sh
# Loads the services into launchd.
# Usage: start-launchd.sh --help
exec /bin/sh "$(dirname -- "$0")/with-deno.sh" start-launchd "$@"
