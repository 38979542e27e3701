#!/bin/sh
# Makes .venv with the first Python found that is new enough. PYTHON=/path/to/python chooses another one.
set -eu

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

chosen=""
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
    if command -v "$candidate" >/dev/null 2>&1 && new_enough "$candidate"; then
        chosen=$candidate
        break
    fi
done
if [ -z "$chosen" ]; then
    found=$(python3 --version 2>/dev/null || echo "no python3")
    echo "Earmark needs Python 3.11 or newer, but this is ${PYTHON:-$found}; install a newer one, or name it: make PYTHON=/path/to/python3.11" >&2
    exit 1
fi

# Debian and Ubuntu keep the part that puts pip into an environment in a separate package.
if ! "$chosen" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$chosen" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    package="python$version-venv"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing $package, which Python needs to make environments ..."
        { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$package"; } >/dev/null 2>&1 || true
    fi
    if ! "$chosen" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "This Python cannot make an environment; install what is missing with: sudo apt-get install python3-venv" >&2
        exit 1
    fi
fi

echo "Making .venv with $("$chosen" --version) ..."
"$chosen" -m venv --clear .venv
