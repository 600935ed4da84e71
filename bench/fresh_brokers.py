"""Logs of brokers and workers, from memory of what these programs print."""

from __future__ import annotations

from bench.generated import Statements
from bench.lines import headed

# The class that logs stands at the end, in parentheses.
_KAFKA: Statements = [
    (
        60,
        "[GroupCoordinator {int:4}]: Preparing to rebalance group {word:12}-{word:6} in state PreparingRebalance with "
        "old generation {int:900} (__consumer_offsets-{int:49}) (reason: {any:Adding new member|Updating metadata for "
        "member|removing member|Leader} consumer-{word:12}-{int:9}-{uuid}{any:| with group instance id None"
        "| on heartbeat expiration| during Stable}) (kafka.coordinator.group.GroupCoordinator)",
    ),
    (
        50,
        "[GroupCoordinator {int:4}]: Dynamic member with unknown member id joins group {word:12}-{word:6} in "
        "{any:Empty|Stable|PreparingRebalance} state. Created a new member id consumer-{word:12}-{int:9}-{uuid} and "
        "request the member to rejoin with this id. (kafka.coordinator.group.GroupCoordinator)",
    ),
    (
        60,
        "[GroupCoordinator {int:4}]: Stabilized group {word:12}-{word:6} generation {int:900} "
        "(__consumer_offsets-{int:49}) with {int:12} members (kafka.coordinator.group.GroupCoordinator)",
    ),
    (
        60,
        "[GroupCoordinator {int:4}]: Assignment received from leader consumer-{word:12}-{int:9}-{uuid} for group "
        "{word:12}-{word:6} for generation {int:900}. The group has {int:12} members, {int:3} of which are static. "
        "(kafka.coordinator.group.GroupCoordinator)",
    ),
    (
        20,
        "[GroupCoordinator {int:4}]: Member consumer-{word:12}-{int:9}-{uuid} in group {word:12}-{word:6} has failed, "
        "removing it from the group (kafka.coordinator.group.GroupCoordinator)",
    ),
    (
        15,
        "[GroupCoordinator {int:4}]: Group {word:12}-{word:6} with generation {int:900} is now empty "
        "(__consumer_offsets-{int:49}) (kafka.coordinator.group.GroupCoordinator)",
    ),
    (
        40,
        "[GroupMetadataManager brokerId={int:4}] Finished loading offsets and group metadata from "
        "__consumer_offsets-{int:49} in {int:900} milliseconds for epoch {int:90}, of which {int:90} milliseconds was "
        "spent in the scheduler. (kafka.coordinator.group.GroupMetadataManager)",
    ),
    (
        10,
        "[GroupMetadataManager brokerId={int:4}] Group {word:12}-{word:6} transitioned to Dead in generation "
        "{int:900} (kafka.coordinator.group.GroupMetadataManager)",
    ),
    (
        25,
        "[Partition {word:20}-{int:23} broker={int:4}] Shrinking ISR from {any:1,2,3|2,3,1|3,1|1,2} to "
        "{any:1|1,2|2,3|3}. Leader: "
        "(highWatermark: {int:99999999}, endOffset: {int:99999999}). Out of sync replicas: (brokerId: {int:4}, "
        "endOffset: {int:99999999}, lastCaughtUpTimeMs: 17690{digits:8}). (kafka.cluster.Partition)",
    ),
    (
        25,
        "[Partition {word:20}-{int:23} broker={int:4}] ISR updated to {any:1|1,2|2,3|3,1,2|1,2,3}  and version "
        "updated to {int:90} "
        "(kafka.cluster.Partition)",
    ),
    (
        20,
        "[Partition {word:20}-{int:23} broker={int:4}] Log loaded for partition {word:20}-{int:23} with initial high "
        "watermark {int:99999999} (kafka.cluster.Partition)",
    ),
    (
        80,
        "[LocalLog partition={word:20}-{int:23}, dir=/var/lib/kafka/data] Rolled new log segment at offset "
        "{int:99999999} in {int:90} ms. (kafka.log.LocalLog)",
    ),
    (
        80,
        "[ProducerStateManager partition={word:20}-{int:23}] Wrote producer snapshot at offset {int:99999999} with "
        "{int:20} producer ids in {int:90} ms. (kafka.log.ProducerStateManager)",
    ),
    (
        40,
        "[UnifiedLog partition={word:20}-{int:23}, dir=/var/lib/kafka/data] Incremented log start offset to "
        "{int:99999999} due to {any:segment deletion|leader offset increment|client delete records request} "
        "(kafka.log.UnifiedLog)",
    ),
    (
        40,
        "[LocalLog partition={word:20}-{int:23}, dir=/var/lib/kafka/data] Deleting segment files "
        "LogSegment(baseOffset={int:99999999}, size={int:1073741824}, lastModifiedTime=17690{digits:8}, "
        "largestRecordTimestamp={any:Some(1769012345678)|Some(1769099345011)|None}) (kafka.log.LocalLog$)",
    ),
    (
        80,
        "Deleted {any:log|offset index|time index|transaction index} "
        "/var/lib/kafka/data/{word:20}-{int:23}/000000000000{digits:8}.{any:log|index|timeindex|txnindex}.deleted. "
        "(kafka.log.LogSegment)",
    ),
    (
        10,
        "[ReplicaFetcher replicaId={int:4}, leaderId={int:4}, fetcherId=0] Partition {word:20}-{int:23} has an older "
        "epoch ({int:90}) than the current leader. Will await the new LeaderAndIsr state before resuming fetching. "
        "(kafka.server.ReplicaFetcherThread)",
    ),
    (
        15,
        "[ReplicaFetcherManager on broker {int:4}] Removed fetcher for partitions Set({names}) "
        "(kafka.server.ReplicaFetcherManager)",
    ),
    (
        10,
        "[TransactionCoordinator id={int:4}] Initialized transactionalId {word:30}-{int:9} with producerId {int} and "
        "producer epoch {int:90} on partition __transaction_state-{int:49} "
        "(kafka.coordinator.transaction.TransactionCoordinator)",
    ),
    (
        15,
        "[SocketServer listenerType=ZK_BROKER, nodeId={int:4}] Failed authentication with {any:/|gate.example.com/}"
        "{ip} (channelId={ip}:9093-{ip}:{int:65535}-{int:900}) ({any:SSL handshake failed|Authentication failed: "
        "Invalid username or password|Unexpected Kafka request of type METADATA during SASL handshake.}) "
        "(org.apache.kafka.common.network.Selector)",
    ),
    (
        3,
        "Creating topic {word:40} with configuration {{any:cleanup.policy=compact|retention.ms=86400000|}} and "
        "initial partition assignment Map({int:2} -> ArrayBuffer({any:1|1, 2|2, 3, 1})) (kafka.zk.AdminZkClient)",
    ),
    (1, "[KafkaServer id={int:4}] started (kafka.server.KafkaServer)"),
]

_MOSQUITTO = headed(
    "17690{digits:5}: ",
    [
        (30, "New connection from {ip}:{int:65535} on port {any:1883|8883}."),
        (
            20,
            "New client connected from {ip}:{int:65535} as {word:20}-{hex:6} (p{any:2|5}, c{int:1}, k{any:60|15|30}).",
        ),
        (
            30,
            "New client connected from {ip}:{int:65535} as {word:20}-{hex:6} (p{any:2|5}, c{int:1}, k{any:60|15|30}, "
            "u'{word:6}').",
        ),
        (30, "No will message specified."),
        (15, "Will message specified ({int:90} bytes) (r{int:1}, q{int:2})."),
        (40, "Sending CONNACK to {word:20}-{hex:6} ({int:1}, {any:0|0|0|5|134})"),
        (
            200,
            "Received PUBLISH from {word:20}-{hex:6} (d{int:1}, q{int:2}, r{int:1}, m{int:65535}, "
            "'{any:site|plant|home}/{word:12}/{word:30}', ... ({int:900} bytes))",
        ),
        (
            200,
            "Sending PUBLISH to {word:20}-{hex:6} (d{int:1}, q{int:2}, r{int:1}, m{int:65535}, "
            "'{any:site|plant|home}/{word:12}/{word:30}', ... ({int:900} bytes))",
        ),
        (
            6,
            "Denied PUBLISH from {word:20}-{hex:6} (d{int:1}, q{int:2}, r{int:1}, m{int:65535}, "
            "'{any:site|plant|home}/{word:12}/{word:30}', ... ({int:900} bytes))",
        ),
        (80, "Sending PUBACK to {word:20}-{hex:6} (m{int:65535}, rc{any:0|0|16})"),
        (80, "Received PUBACK from {word:20}-{hex:6} (Mid: {int:65535}, RC:{any:0|0|16})"),
        (70, "Received PINGREQ from {word:20}-{hex:6}"),
        (70, "Sending PINGRESP to {word:20}-{hex:6}"),
        (20, "Received SUBSCRIBE from {word:20}-{hex:6}"),
        (25, "\t{any:site|plant|home}/{any:+|#|kalo}/{any:cmd|state|config} (QoS {int:2})"),
        (25, "{word:20}-{hex:6} {int:2} {any:site|plant|home}/{any:+|#|kalo}/{any:cmd|state|config}"),
        (20, "Sending SUBACK to {word:20}-{hex:6}"),
        (15, "Received DISCONNECT from {word:20}-{hex:6}"),
        (15, "Client {word:20}-{hex:6} disconnected."),
        (15, "Client {word:20}-{hex:6} closed its connection."),
        (12, "Client {word:20}-{hex:6} has exceeded timeout, disconnecting."),
        (5, "Client {word:20}-{hex:6} already connected, closing old connection."),
        (8, "Socket error on client {word:20}-{hex:6}, disconnecting."),
        (4, "Saving in-memory database to {any:/mosquitto/data/mosquitto.db}."),
    ],
)

_TASK = "{any:shop|mail|stock|reports}.tasks.{word:30}[{uuid}]"
_CELERY = [
    *headed(
        "[{stamp:%Y-%m-%d %H:%M:%S},{digits:3}: ",
        [
            (200, "INFO/MainProcess] Task " + _TASK + " received"),
            (180, "INFO/ForkPoolWorker-{int:16}] Task " + _TASK + " succeeded in {int:90}.{digits:15}s: {repr}"),
            (
                40,
                "ERROR/ForkPoolWorker-{int:16}] Task " + _TASK + " raised unexpected: {any:ValueError('no such order')"
                "|KeyError('sku')|OperationalError('connection already closed')|TimeoutError()"
                "|TypeError(\"unsupported operand type(s) for +: 'int' and 'str'\")}",
            ),
            (
                40,
                "INFO/ForkPoolWorker-{int:16}] Task " + _TASK + " retry: Retry in {int:600}s: "
                "{any:ConnectionError('refused')|HTTPError('502 Server Error: Bad Gateway')|SMTPServerDisconnected("
                "'Connection unexpectedly closed')}",
            ),
            (
                100,
                "INFO/ForkPoolWorker-{int:16}] " + _TASK + ": order {int} of {word}@example.com confirmed by mail in "
                "{int:900} ms",
            ),
            (
                60,
                "WARNING/ForkPoolWorker-{int:16}] " + _TASK + ": stock of {word:40} is low: {int:20} left in {word:5}",
            ),
            (90, "INFO/Beat] Scheduler: Sending due task {word:9}-{word:9} ({any:shop|stock}.tasks.{word:30})"),
            (15, "WARNING/MainProcess] consumer: Connection to broker lost. Trying to re-establish the connection..."),
            (
                30,
                "ERROR/MainProcess] consumer: Cannot connect to "
                "{any:amqp://shop:**@rabbit:5672//|redis://redis:6379/0}: "
                "{any:[Errno 111] Connection refused|Error -2 connecting to redis:6379. Name or service not known"
                "|timed out}.",
            ),
            (15, "INFO/MainProcess] Connected to {any:amqp://shop:**@rabbit:5672//|redis://redis:6379/0}"),
            (12, "INFO/MainProcess] mingle: searching for neighbors"),
            (6, "INFO/MainProcess] mingle: all alone"),
            (6, "INFO/MainProcess] mingle: sync with {int:9} nodes"),
            (12, "INFO/MainProcess] celery@{word:9}-{hex:5} ready."),
            (25, "INFO/MainProcess] missed heartbeat from celery@{word:9}-{hex:5}"),
            (15, "INFO/MainProcess] sync with celery@{word:9}-{hex:5}"),
            (
                10,
                "WARNING/MainProcess] Substantial drift from celery@{word:9}-{hex:5} may mean clocks are out of sync.  "
                "Current drift is {int:90} seconds.  [orig: {stamp:%Y-%m-%d %H:%M:%S}.{digits:6} "
                "recv: {stamp:%Y-%m-%d %H:%M:%S}.{digits:6}]",
            ),
            (
                12,
                "ERROR/MainProcess] Process 'ForkPoolWorker-{int:16}' pid:{int:900} exited with "
                "'{any:signal 9 (SIGKILL)|signal 11 (SIGSEGV)|exitcode 1}'",
            ),
            (
                12,
                "ERROR/MainProcess] Task handler raised error: {any:WorkerLostError('Worker exited prematurely: "
                "signal 9 "
                "(SIGKILL) Job: 12.')|WorkerLostError('Worker exited prematurely: exitcode 1 Job: 140.')"
                "|TimeLimitExceeded(300)}",
            ),
            (12, "WARNING/MainProcess] Soft time limit ({any:60|240}s) exceeded for " + _TASK),
            (6, "ERROR/MainProcess] Hard time limit ({any:120|300}s) exceeded for " + _TASK),
            (5, "ERROR/MainProcess] Received unregistered task of type '{any:shop|mail}.tasks.{word:30}'."),
            (8, "INFO/MainProcess] Discarding revoked task: " + _TASK),
        ],
    ),
    (30, "Trying again in {int:32}.00 seconds... ({int:16}/100)"),
]

BROKERS: dict[str, Statements] = {
    "kafka": _KAFKA,
    "mosquitto": _MOSQUITTO,
    "celery": _CELERY,
}
