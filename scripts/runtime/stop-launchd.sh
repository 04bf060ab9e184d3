#!/bin/sh
# Unloads the services from launchd.
# Usage: stop-launchd.sh --help
exec /bin/sh "$(dirname -- "$0")/with-deno.sh" stop-launchd "$@"
