#!/bin/sh
# Proves the browser side with a temporary conductor and a scripted browser.
# Usage: browser-control-e2e-smoke.sh
exec /bin/sh "$(dirname -- "$0")/with-deno.sh" browser-control-e2e-smoke "$@"
