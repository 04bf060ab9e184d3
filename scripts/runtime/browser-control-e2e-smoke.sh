#!/bin/sh
# Proves the browser side with a temporary conductor and a scripted browser.
# Usage: browser-control-e2e-smoke.sh [options of deno test]
here=$(dirname -- "$0")
exec /bin/sh "$here/with-deno.sh" test "$here/../smoke/browser_records_test.ts" \
  "$here/../smoke/browser_work_test.ts" "$@"
