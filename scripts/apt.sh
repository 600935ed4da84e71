#!/bin/sh
# Installs Debian packages where that may be done: `apt.sh PACKAGE...`; exits 1 with a clear line where it may not.
set -eu
if ! command -v apt-get >/dev/null; then
    echo "apt.sh: no apt-get on this machine; install by hand: $*" >&2
    exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo=sudo; else
        echo "apt.sh: not root and no sudo without a password; install by hand: apt-get install $*" >&2
        exit 1
    fi
fi
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
$sudo apt-get install -y -qq --no-install-recommends "$@" >/dev/null
