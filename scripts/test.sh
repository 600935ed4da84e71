#!/bin/sh
# Runs the tests: `test.sh WORKERS [pytest's arguments]`. Their temporary files are kept in memory where there is enough
# of it: thousands of checkouts are made and removed, which took a third of the processor's time on a disk.
set -eu
cd "$(dirname "$0")/.."
workers=$1
shift
enough=6000000 # KiB
scratch=
free() { df --output=avail /dev/shm 2>/dev/null | tail -1; }
available() { sed -n 's/^MemAvailable: *\([0-9]*\).*/\1/p' /proc/meminfo 2>/dev/null; }
if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ] && [ "$(free || echo 0)" -gt "$enough" ] && [ "$(available)" -gt "$enough" ]; then
    for left in /dev/shm/shakeout-tests-*; do
        owner=${left#/dev/shm/shakeout-tests-}
        kill -0 "${owner%%-*}" 2>/dev/null || rm -rf "$left"
    done
    scratch=$(mktemp -d "/dev/shm/shakeout-tests-$$-XXXXXX")
    mkdir "$scratch/tmp"
    # A mount may forbid to execute what lies in it.
    if printf '#!/bin/sh\n' >"$scratch/try" && chmod +x "$scratch/try" && "$scratch/try" 2>/dev/null; then
        export TMPDIR="$scratch/tmp"
    fi
    trap 'rm -rf "$scratch"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
fi
.venv/bin/python -m pytest -n "$workers" --dist loadgroup -o tmp_path_retention_policy=failed "$@"
