"""
More generated logs, written after the rules of the miner and without a look at them.

At their first run the miner reached a mean GA of 0.902 and FGA of 0.783 on the first eight of them, 0.821 and 0.706 on
the others. Since then rules were changed because of what they showed (codes after `=` and in quotes, codes that differ
alone; names that fill the same place in several events), so that they are no longer unseen.
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
    "broker": [
        (
            120,
            "[Log partition={word:12}-{int:30}, dir=/var/spool/broker] Rolled new log segment at offset {int} in "
            "{int:40} ms.",
        ),
        (80, "[Coordinator {int:9}]: Member {word:20}-{uuid} in group {word:15} has left, removing it from the group"),
        (80, "[Coordinator {int:9}]: Stabilized group {word:15} generation {int:400} (offsets-{int:49})"),
        (60, "[Replica {int:9}] Leader for partition {word:12}-{int:30} is now broker {int:9}"),
        (60, "[Replica {int:9}] Shrinking in-sync replicas of {word:12}-{int:30} from {numbers:,} to {int:9}"),
        (40, "Connection to node {int:9} ({host}/{ip}:9092) could not be established. Node may not be available."),
        (20, "[Controller] Broker {int:9} failed"),
        (20, "[Controller] Broker {int:9} started"),
        (10, "Shutting down."),
    ],
    "web-framework": [
        (150, '"GET {path} HTTP/1.1" 200 {int}'),
        (60, '"GET {path} HTTP/1.1" 404 {int}'),
        (60, "Not Found: {path}"),
        (60, "Bad Request ({any:origin|referer|token|cookie} check failed)"),
        (40, "Watching for file changes with {any:StatReloader|WatchmanReloader}"),
        (40, "Applying {word:20}.000{int:9}_{word:30}... OK"),
        (30, "Worker (pid:{int}) was sent SIGKILL! Perhaps out of memory?"),
        (30, "Worker exiting (pid: {int})"),
        (30, "Booting worker with pid: {int}"),
        (20, "Internal Server Error: {path}"),
        (20, "Invalid HTTP_HOST header: '{host}'. You may need to add '{host}' to the allowed hosts."),
    ],
    "training": [
        (200, "Epoch {int:99}/100 step {int} loss={float:4} acc={float:1} lr={float:1} eta={duration}"),
        (60, "Saving checkpoint to {path:.ckpt}"),
        (60, "Evaluation on {any:validation|test|holdout} set: accuracy {float:1}, f1 {float:1}"),
        (30, "Validation loss improved from {float:4} to {float:4}"),
        (30, "Validation loss did not improve from {float:4}"),
        (20, "GPU {int:7}: memory {int} MiB / {int} MiB, utilization {int:99}%"),
        (20, "Loaded dataset {word:15} with {int} samples in {float} s"),
        (10, "Early stopping after {int:99} epochs"),
        (10, "Gradient overflow. Skipping step, loss scaler reducing loss scale to {float:9}"),
    ],
    "systemd": [
        (80, "Started {any:Session c12 of user|Session 4 of user|Session c7 of user} {word:12}."),
        (60, "Created slice User Slice of UID {int:2000}."),
        (60, "{word:20}.service: Main process exited, code=exited, status={int:9}/FAILURE"),
        (60, "{word:20}.service: Failed with result 'exit-code'."),
        (60, "{word:20}.service: Scheduled restart job, restart counter is at {int:99}."),
        (60, "{word:20}.service: Succeeded."),
        (60, "{word:20}.service: Consumed {float}s CPU time."),
        (40, "Reached target Network."),
        (40, "Reached target Multi-User System."),
        (30, "Mounting {path}..."),
        (30, "Mounted {path}."),
        (10, "Reloading."),
    ],
    "backup": [
        (100, "snapshot {hex:8} of [{path} {path}] saved by {word:8}@{word:9}"),
        (80, "processed {int} files, {float} GiB in {int:59}:{int:59}"),
        (60, "Added to the repository: {float} MiB ({float} MiB stored)"),
        (60, "unchanged {path}, {int} bytes"),
        (60, "modified  {path}, saved in {float}s ({int} B added)"),
        (60, "new       {path}, saved in {float}s ({int} B added)"),
        (20, "error: lstat {path}: no such file or directory"),
        (20, "error: open {path}: permission denied"),
        (20, "repository {hex:8} opened (version {int:2}, compression level {any:auto|max|off|fastest})"),
        (10, "lock of process {int} is stale, removing it"),
    ],
    "voice": [
        (80, "INVITE sip:{int}@{ip}:5060 from {word:40} ({ip})"),
        (80, "Call {token:16} answered after {int:30} s, codec {any:PCMU|PCMA|G722|OPUS}"),
        (80, "Call {token:16} ended: normal clearing, duration {int:3600} s"),
        (30, "Call {token:16} ended: user busy, duration 0 s"),
        (30, "Call {token:16} ended: no answer, duration 0 s"),
        (60, "Registered '{word:60}' at {ip}:{int:60000} expires {int:3600}"),
        (60, "Unregistered '{word:60}'"),
        (30, "jitter on channel {word:5}/{int:99} is {float} ms (limit {int:50} ms)"),
        (20, "trunk {any:north|south|east|west} is down"),
        (20, "trunk {any:north|south|east|west} is up"),
    ],
    "infrastructure": [
        (60, "{word:9}_instance.{word:20}: Creating..."),
        (60, "{word:9}_instance.{word:20}: Still creating... [{int:9}0s elapsed]"),
        (60, "{word:9}_instance.{word:20}: Creation complete after {int:99}s [id=i-{hex:17}]"),
        (40, "{word:9}_instance.{word:20}: Refreshing state... [id=i-{hex:17}]"),
        (40, "{word:9}_instance.{word:20}: Destruction complete after {int:99}s"),
        (20, "Plan: {int:40} to add, {int:40} to change, {int:40} to destroy."),
        (20, "Apply complete! Resources: {int:40} added, {int:40} changed, {int:40} destroyed."),
        (20, "Acquiring state lock. This may take a few moments..."),
        (20, "Releasing state lock. This may take a few moments..."),
        (10, "Error: creating instance: quota {word:9} exceeded in region {any:eu-west1|us-east4|asia-south2}"),
    ],
    "pipeline": [
        (80, "stage={any:extract|load|join|dedupe|enrich|publish} rows_in={int} rows_out={int} seconds={float}"),
        (60, "task {word:30} succeeded on try {int:3}"),
        (60, "task {word:30} failed on try {int:3}: exit code {int:255}"),
        (60, "waiting for file {path:.parquet} (poke {int:99})"),
        (60, "table {word:9}.{word:30} has {int} rows, {int:99} columns"),
        (40, "schema of {word:9}.{word:30} changed: column {word:40} added"),
        (40, "schema of {word:9}.{word:30} changed: column {word:40} dropped"),
        (30, "run {time} of {word:12} finished with state success"),
        (30, "run {time} of {word:12} finished with state failed"),
        (20, "null key in {int} of {int} rows of {word:9}.{word:30}"),
    ],
}
