"""
More generated logs, written after the rules of the miner and without a look at them.

At their first run the miner reached a mean GA of 0.902 and FGA of 0.783 on them. Since then two rules were changed
because of what they showed (codes after `=` and in quotes, codes that differ alone), so that they are no longer unseen.
"""

from __future__ import annotations

from bench.generated import Statements

LATER: dict[str, Statements] = {
    "router": [
        (
            50,
            "%LINK-3-UPDOWN: Interface {any:GigabitEthernet0/1|GigabitEthernet0/2|Vlan10|Loopback0}, "
            "changed state to up",
        ),
        (
            50,
            "%LINK-3-UPDOWN: Interface {any:GigabitEthernet0/1|GigabitEthernet0/2|Vlan10|Loopback0}, "
            "changed state to down",
        ),
        (
            80,
            "%SEC-6-IPACCESSLOGP: list 101 denied tcp {ip}({int:60000}) -> {ip}({int:60000}), {int:9} packets",
        ),
        (40, "%SEC-6-IPACCESSLOGP: list 101 permitted udp {ip}({int:60000}) -> {ip}({int:60000}), 1 packet"),
        (30, "%OSPF-5-ADJCHG: Process 1, Nbr {ip} on Vlan{int:99} from LOADING to FULL, Loading Done"),
        (
            30,
            "%OSPF-5-ADJCHG: Process 1, Nbr {ip} on Vlan{int:99} from FULL to DOWN, Neighbor Down: Dead timer expired",
        ),
        (20, "%SYS-5-CONFIG_I: Configured from console by {word:8} on vty0 ({ip})"),
    ],
    "mail": [
        (100, "{hex:10}: from=<{word:50}@{word:20}.example.com>, size={int}, nrcpt={int:5} (queue active)"),
        (
            100,
            "{hex:10}: to=<{word:50}@example.org>, relay={host}[{ip}]:25, delay={float}, "
            "delays={float}/{float}/{float}/{float}, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as {hex:10})",
        ),
        (
            30,
            "{hex:10}: to=<{word:50}@example.org>, relay=none, delay={float}, "
            "delays={float}/{float}/{float}/{float}, dsn=4.4.1, "
            "status=deferred (connect to {host}[{ip}]:25: Connection timed out)",
        ),
        (60, "connect from {host}[{ip}]"),
        (60, "disconnect from {host}[{ip}]"),
        (20, "warning: hostname {host} does not resolve to address {ip}"),
        (60, "{hex:10}: removed"),
        (
            20,
            "NOQUEUE: reject: RCPT from unknown[{ip}]: 554 5.7.1 Service unavailable; Client host [{ip}] "
            "blocked using zen.example.org",
        ),
    ],
    "java": [
        (60, "Started {word:12}Application in {float} seconds (JVM running for {float})"),
        (60, "HikariPool-{int:4} - Start completed."),
        (60, "HHH000{int:999}: Dialect: org.hibernate.dialect.PostgreSQLDialect"),
        (
            80,
            "Resolved [org.springframework.web.HttpRequestMethodNotSupportedException: Request method "
            "'{any:GET|PUT|PATCH}' is not supported]",
        ),
        (80, "Completed initialization in {int:99} ms"),
        (
            80,
            "Bean '{word:50}' of type [com.example.{word:9}.{word:30}] is not eligible for getting "
            "processed by all BeanPostProcessors",
        ),
        (50, 'Mapped "([/api/{word:20}],methods=[GET])" onto public java.util.List'),
        (
            50,
            "Servlet.service() for servlet [dispatcher] threw exception [{any:Timeout|NullPointer|IllegalState}]",
        ),
        (40, "Job {word:20} triggered at {time}"),
        (40, "Job {word:20} finished in {int:900} ms"),
        (40, "Job {word:20} failed after {int:5} retries"),
    ],
    "kube": [
        (60, 'Pulling image "{word:20}/{word:20}:{int:9}.{int:9}"'),
        (60, 'Successfully pulled image "{word:20}/{word:20}:{int:9}.{int:9}" in {float}s'),
        (
            60,
            "Back-off restarting failed container {word:20} in pod {word:20}-{hex:10}-{hex:5}_default({uuid})",
        ),
        (60, "Liveness probe failed: HTTP probe failed with statuscode: {int:599}"),
        (30, "Readiness probe failed: dial tcp {ip}:{int:60000}: connect: connection refused"),
        (50, "Scaled up replica set {word:20}-{hex:10} to {int:9}"),
        (50, "Scaled down replica set {word:20}-{hex:10} to {int:9} from {int:9}"),
        (40, "Successfully assigned default/{word:20}-{hex:10}-{hex:5} to {host}"),
        (40, "Created container {word:20}"),
        (40, "Started container {word:20}"),
        (20, "Stopping container {word:20}"),
        (20, "Node {host} status is now: NodeNotReady"),
        (20, "Node {host} status is now: NodeReady"),
    ],
    "iot": [
        (80, "sensor {hex:6} temp={float}C hum={float}% batt={float}V rssi=-{int:99}"),
        (60, "gateway {word:12} online, firmware {int:3}.{int:9}.{int:9}"),
        (60, "gateway {word:12} offline (last seen {int:900}s ago)"),
        (50, "alarm raised: {any:door open|window open|smoke|water leak} in zone {word:9}"),
        (50, "valve {any:V1|V2|V3|V4|V12} set to {int:100}%"),
        (40, "ota update of {hex:6} started: {path:.bin} ({size})"),
        (40, "ota update of {hex:6} finished in {duration}"),
        (20, "ota update of {hex:6} failed: checksum mismatch"),
    ],
    "finance": [
        (
            80,
            "ORDER NEW acct={token:8} sym={any:ACME|GLBX|INIT|HOOL|PIED|UMBR} side={any:BUY|SELL} "
            "qty={int:999} px={float:500}",
        ),
        (80, "ORDER FILLED id={int} qty={int:999} px={float:500}"),
        (40, "ORDER REJECTED id={int} reason=limit exceeded"),
        (40, "ORDER REJECTED id={int} reason=market closed"),
        (40, "heartbeat from venue {any:XA|XB|XC|XD|XE}"),
        (40, "session {token:12} logged on"),
        (40, "session {token:12} logged off"),
        (20, "latency p99 {float} us over {int} msgs"),
    ],
    "rails": [
        (100, 'Started GET "{path}" for {ip} at 2026-05-0{int:9} 10:11:12 +0000'),
        (60, 'Started POST "{path}" for {ip} at 2026-05-0{int:9} 10:11:12 +0000'),
        (
            80,
            "Processing by "
            "{any:Users|Orders|Carts|Items|Pages|Admin}Controller#{any:index|show|create|update|destroy|edit} as HTML",
        ),
        (80, "Completed 200 OK in {int:900}ms (Views: {float}ms | ActiveRecord: {float}ms)"),
        (30, "Completed 500 Internal Server Error in {int:900}ms (ActiveRecord: {float}ms)"),
        (30, "Redirected to https://example.com{path}"),
        (30, "Rendered {word:12}/{word:12}.html.erb within layouts/application ({float}ms)"),
        (30, "  Parameters: id={int}, locale={any:en|de|fr}"),
    ],
    "dns": [
        (100, "client @0x{hex:12} {ip}#{int:60000} ({host}): query: {host} IN A + ({ip})"),
        (60, "client @0x{hex:12} {ip}#{int:60000} ({host}): query: {host} IN AAAA + ({ip})"),
        (30, "zone {host:example.com}/IN: loaded serial {int}"),
        (30, "zone {host:example.com}/IN: transferred serial {int}: TSIG '{word:5}'"),
        (30, "error (connection refused) resolving '{host}/A/IN': {ip}#53"),
        (30, "error (host unreachable) resolving '{host}/A/IN': {ip}#53"),
        (20, "managed-keys-zone: Key {int} for zone . is now trusted (acceptance timer complete)"),
    ],
}
