"""
The last generated logs before the present rules of the miner, written without a look at them.

At their first run the miner reached a mean GA of 0.855 and FGA of 0.802. Since then one rule was changed because of
what they showed (what surely is a value does not count against the words that lines must agree on). The last five of
them (from the library on) had 0.824 and 0.737 before words that stand by themselves in a line of values were taken for
values, because of what they showed.
"""

from __future__ import annotations

from bench.generated import Statements

LAST: dict[str, Statements] = {
    "home": [
        (120, "Received message on topic home/{word:12}/{word:9}/state: {float:40}"),
        (60, "Device {word:25} ({hex:16}) joined the mesh"),
        (60, "Device {word:25} ({hex:16}) left the mesh"),
        (60, "Automation {word:20} triggered by {any:sunset|motion|timer|door|manual}"),
        (40, "Battery of {word:25} low: {int:20}%"),
        (40, "Client {word:25} disconnected, reason: keepalive timeout"),
        (40, "Client {word:25} disconnected, reason: protocol error"),
        (20, "Firmware of {word:25} is up to date"),
        (10, "Permit join enabled for {int:254} seconds"),
    ],
    "object-store": [
        (150, "PUT bucket={word:15} key={path:.jpg} bytes={int} ms={int:900} status=200"),
        (150, "GET bucket={word:15} key={path:.jpg} bytes={int} ms={int:900} status=200"),
        (60, "GET bucket={word:15} key={path:.jpg} error=NoSuchKey ms={int:900} status=404"),
        (60, "multipart upload {token:24} started in bucket {word:15}"),
        (60, "multipart upload {token:24} completed with {int:99} parts"),
        (20, "multipart upload {token:24} aborted after {duration}"),
        (40, "lifecycle rule {word:9} expired {int} objects of bucket {word:15}"),
        (20, "healing of disk {path} finished: {int} objects, {float} GiB"),
        (10, "disk {path} is offline"),
    ],
    "sign-on": [
        (120, "user {word:80} authenticated by password from {ip}"),
        (80, "user {word:80} authenticated by passkey from {ip}"),
        (60, "user {word:80} failed second factor from {ip}, {int:5} attempts left"),
        (
            60,
            "issued token for client {word:12}, scopes=[{any:openid|openid email|openid profile}], expires in {int} s",
        ),
        (40, "refresh token of client {word:12} was used twice, family {uuid} revoked"),
        (40, "directory bind as cn={word:30},ou=people,dc=example,dc=org took {int:900} ms"),
        (30, "account {word:80} locked until {time}"),
        (20, "signing key {hex:8} rotated, next rotation at {time}"),
        (10, "clock skew of {float} s against provider {host}"),
    ],
    "firewall": [
        (
            150,
            "DROP IN={any:eth0|eth1|wan} OUT= MAC={hex:2}:{hex:2}:{hex:2}:{hex:2}:{hex:2}:{hex:2} SRC={ip} DST={ip} "
            "LEN={int:1500} TTL={int:255} PROTO={any:TCP|UDP|ICMP} SPT={int:60000} DPT={int:60000}",
        ),
        (60, "ACCEPT IN=eth1 OUT=eth0 SRC={ip} DST={ip} LEN={int:1500} PROTO=TCP SPT={int:60000} DPT=443"),
        (60, "tunnel {word:9} established with {ip}, rekey in {int} s"),
        (40, "tunnel {word:9} lost: no response from peer {ip} after {int:9} tries"),
        (40, "address {ip} added to list {word:6} for {int:90} minutes"),
        (30, "address {ip} removed from list {word:6}"),
        (20, "interface {any:eth0|eth1|wan|lan} link down"),
        (20, "interface {any:eth0|eth1|wan|lan} link up at {int:1000} Mb/s"),
    ],
    "test-runner": [
        (150, "tests/test_{word:30}.py::test_{word:60} PASSED [{int:99}%]"),
        (40, "tests/test_{word:30}.py::test_{word:60} FAILED [{int:99}%]"),
        (40, "tests/test_{word:30}.py::test_{word:60} SKIPPED (needs {word:9}) [{int:99}%]"),
        (40, "E   AssertionError: assert {int} == {int}"),
        (30, "tests/test_{word:30}.py:{int:400}: AssertionError"),
        (30, "collecting ... collected {int:900} items"),
        (20, "{int:900} passed, {int:9} failed, {int:9} skipped in {float}s"),
        (20, "coverage: {float}% of {int} lines"),
        (10, "created: {int:4}/{int:4} workers"),
    ],
    "search": [
        (120, "[{word:15}][{int:9}] flush took [{int:900}ms], translog [{float}mb]"),
        (80, "[{word:15}] creating index, cause [{any:api|auto|template|rollover}], shards [{int:9}]/[{int:3}]"),
        (80, "[{word:15}][{int:9}] marking shard as stale on node {token:22}"),
        (
            60,
            "slow query on [{word:15}] took [{float}s], hits [{int}], search_type[QUERY_THEN_FETCH], "
            "source[{token:30}]",
        ),
        (40, "node {word:9}-{int:20} added to cluster, term {int}, version {int}"),
        (40, "node {word:9}-{int:20} removed from cluster: disconnected"),
        (30, "cluster health went from [GREEN] to [YELLOW] (reason: [shards failed])"),
        (30, "cluster health went from [YELLOW] to [GREEN] (reason: [shards started])"),
        (20, "high disk watermark [{int:99}%] exceeded on {word:9}-{int:20}, free: {float}gb[{float}%]"),
    ],
    "print": [
        (120, "[Job {int}] queued on {word:20} by '{word:40}' ({int:99} pages)"),
        (100, "[Job {int}] printing on {word:20}"),
        (100, "[Job {int}] completed, {int:99} pages in {int:900} s"),
        (40, "[Job {int}] held: user '{word:40}' is over quota ({int} of {int} pages)"),
        (30, "[Job {int}] cancelled by '{word:40}'"),
        (40, "printer {word:20} reports {any:toner-low|media-empty|door-open|jam|offline}"),
        (20, "printer {word:20} is idle"),
        (20, "driver {word:9}.ppd of {word:20} is older than {int:9} years"),
    ],
    "push": [
        (100, '{"level":"info","event":"push.sent","device":"{hex:24}","topic":"{word:9}","ms":{int:900}}'),
        (60, "delivery of {uuid} to {hex:24} acknowledged after {int} ms"),
        (60, "delivery of {uuid} to {hex:24} dropped: device unregistered"),
        (40, "delivery of {uuid} to {hex:24} dropped: payload of {int} bytes is too large"),
        (40, "connection {int:99} to gateway {host}:443 opened"),
        (40, "connection {int:99} to gateway {host}:443 closed: idle for {int:900} s"),
        (20, "certificate of topic {word:9} expires in {int:60} days"),
        (20, "retry queue has {int} messages, oldest is {duration} old"),
    ],
    "library": [
        (100, "copy {int} of '{word:30} {word:30}' lent to reader {int} until {time}"),
        (80, "copy {int} returned by reader {int}, {int:30} days late"),
        (60, "reader {int} ({word:50}) reserved '{word:30} {word:30}'"),
        (40, "reservation {int} expired"),
        (40, "fine of {float:9} EUR for reader {int}: book lost"),
        (40, "fine of {float:9} EUR for reader {int}: returned late"),
        (20, "catalogue import from {host}: {int} new, {int} changed, {int} failed"),
        (10, "branch {word:6} opens in {int:60} minutes"),
    ],
    "rail": [
        (120, "train {any:IC|RE|S}{int:900} entered block {word:9}.{int:40}"),
        (120, "train {any:IC|RE|S}{int:900} cleared block {word:9}.{int:40} after {int:900} s"),
        (60, "signal {hex:4} of {word:12} set to {any:stop|proceed|caution}"),
        (40, "switch {int:99} at {word:12} moved to {any:left|right} in {int:9}00 ms"),
        (30, "switch {int:99} at {word:12} did not move: motor current {float:20} A"),
        (40, "timetable {time} loaded for line {word:9}"),
        (20, "radio cell {hex:6} unreachable since {int:90} s"),
    ],
    "warehouse": [
        (100, "robot {word:20} picked {int:9} of sku {token:9} from shelf {any:A|B|C|D}-{int:99}"),
        (80, "robot {word:20} charging, {int:99}%"),
        (60, "robot {word:20} blocked at ({int:99}, {int:99}) by {any:pallet|person|robot|unknown object}"),
        (60, "order {int} packed into {int:9} boxes, {float:30} kg"),
        (60, "label {token:18} printed at station {word:5}"),
        (30, "scan of {token:18} failed at station {word:5}: unreadable"),
        (30, "scan of {token:18} failed at station {word:5}: not in order"),
        (20, "shift {any:early|late|night} began with {int:30} robots"),
    ],
    "telescope": [
        (100, "slewing to ra={float:24} dec={signed:90} for target {word:40}"),
        (100, "exposure {int} of target {word:40} finished: {float:300} s, filter {any:u|g|r|i|z}, seeing {float:3}"),
        (40, "guide star lost, rms {float:9} arcsec"),
        (40, "guide star found at x={float:2000} y={float:2000}"),
        (30, "dome closed: wind {float:30} m/s"),
        (30, "dome closed: humidity {int:99}%"),
        (20, "dome opened"),
        (20, "calibration frame {path:.fits} written ({size})"),
    ],
    "clinic": [
        (80, "message ADT^{any:A01|A03|A08|A11} from {word:9} acknowledged with {any:AA|AE|AR}"),
        (80, "study {uuid} stored: modality {any:CT|MR|US|XR}, {int:900} images"),
        (60, "query by {any:RADIO1|WARD7|ARCHIVE|GATE} returned {int:90} matches in {int:900} ms"),
        (40, "association with {any:RADIO1|WARD7|ARCHIVE|GATE} rejected: unknown title"),
        (40, "association with {any:RADIO1|WARD7|ARCHIVE|GATE} released"),
        (20, "worklist refreshed, {int:90} entries"),
        (20, "volume {path} is {int:99}% full"),
    ],
}
