#!/bin/sh
# Puts a backup of conductor's database in the place of the present one.
# Usage: restore-mini.sh --help
exec /bin/sh "$(dirname -- "$0")/with-deno.sh" restore-mini "$@"
