#!/bin/sh
# Shows launchd's state and HTTP health side by side.
# Usage: status-launchd.sh --help
exec /bin/sh "$(dirname -- "$0")/with-deno.sh" status-launchd "$@"
