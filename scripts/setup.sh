#!/bin/sh
# Makes .venv and installs shakeout with the extras of one purpose: `console` (what `make demo` needs) or `dev`.
set -eu
cd "$(dirname "$0")/.."
purpose=$1
python=${PYTHON:-python3}
case $purpose in
console) extras=console,embedded-clickhouse,postgresql ;;
dev) extras=dev ;;
*) echo "setup.sh: expected console or dev, got '$purpose'" >&2; exit 2 ;;
esac

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "setup.sh: expected Python 3.11 or newer as '$python', got '$("$python" --version 2>&1)';" \
        "install it or name one: make PYTHON=python3.12 demo" >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    scripts/apt.sh "python$version-venv" || {
        echo "setup.sh: expected Python's venv module; install it: apt-get install python$version-venv" >&2
        exit 1
    }
fi
# The core of the log templates is compiled where there is a compiler; tests and benchmarks want it.
compiler=${CC:-cc}
if [ "$purpose" = dev ] && ! command -v "${compiler%% *}" >/dev/null; then
    scripts/apt.sh gcc libc6-dev || echo "setup.sh: without a C compiler log templates are two times slower" >&2
fi
[ -x .venv/bin/python ] || "$python" -m venv .venv
echo "installing shakeout[$extras] into .venv (the first time takes a minute or two)" >&2
.venv/bin/python -m pip install --quiet --constraint constraints.txt --editable ".[$extras]"
touch .venv/.console
[ "$purpose" = console ] || touch .venv/.dev
