#!/bin/sh
# Takes an installation away; keeps state and logs unless told otherwise.
# Usage: uninstall-mini.sh --help
exec /bin/sh "$(dirname -- "$0")/with-deno.sh" uninstall-mini "$@"
