#!/bin/sh
# Installs Chromium for the browser tests where that needs no question to the user; elsewhere prints clearly which tests are skipped.
set -eu

# `install-chromium.sh --fastest` is not content with another browser.
[ "${1:-}" = --fastest ] && others="" || others="chromium chromium-browser google-chrome google-chrome-stable"
for name in ${EARMARK_CHROMIUM:-} chromium-headless-shell $others; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium for the browser tests ..."
    apt-get -qq update >/dev/null 2>&1 || true
    # The first one has the same engine without windows; not every distribution has it.
    for package in chromium-headless-shell chromium; do
        DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$package" >/dev/null 2>&1 && exit 0
    done
fi
cat >&2 <<'NOTE'
***********************************************************************************
* There is no Chromium here and it could not be installed: ALL BROWSER TESTS ARE  *
* SKIPPED. Install it (apt-get install chromium) and run make test again.         *
***********************************************************************************
NOTE
