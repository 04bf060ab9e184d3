#!/bin/sh
# Unloads the services and loads them again.
# Usage: restart-launchd.sh --help
exec /bin/sh "$(dirname -- "$0")/with-deno.sh" restart-launchd "$@"
