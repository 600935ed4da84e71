#!/bin/sh
# The real components that the tests run against: PostgreSQL, ClickHouse server, Chromium, a container engine.
set -eu
cd "$(dirname "$0")"
missing=
[ -n "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || missing="$missing postgresql"
command -v clickhouse-server >/dev/null || [ -x /usr/sbin/clickhouse-server ] || missing="$missing clickhouse-server"
command -v chromium >/dev/null || missing="$missing chromium"
command -v podman >/dev/null || missing="$missing podman"
command -v runc >/dev/null || [ -x /usr/sbin/runc ] || missing="$missing runc"
[ -z "$missing" ] && exit 0
echo "installing system packages:$missing" >&2
# shellcheck disable=SC2086
./apt.sh $missing || echo "system.sh: tests that need$missing are skipped and say so" >&2
