#!/bin/sh
# Installs conductor and codexd under launchd, or upgrades them in place.
# Usage: install-mini.sh --help
exec /bin/sh "$(dirname -- "$0")/with-deno.sh" install-mini "$@"
