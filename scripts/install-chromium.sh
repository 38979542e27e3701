#!/bin/sh
# Installs Chromium for the browser tests where that needs no question to the user; elsewhere prints clearly which tests are skipped.
set -eu

for name in "${EARMARK_CHROMIUM:-chromium}" chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium for the browser tests ..."
    if { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium; } >/dev/null 2>&1; then
        exit 0
    fi
fi
cat >&2 <<'NOTE'
***********************************************************************************
* There is no Chromium here and it could not be installed: ALL BROWSER TESTS ARE  *
* SKIPPED. Install it (apt-get install chromium) and run make test again.         *
***********************************************************************************
NOTE
