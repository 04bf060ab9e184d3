#!/bin/sh
# Shows what the services log, whether they run or not.
# Usage: logs-mini.sh --help
exec /bin/sh "$(dirname -- "$0")/with-deno.sh" logs-mini "$@"
