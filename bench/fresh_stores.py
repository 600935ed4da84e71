"""Logs of databases and stores, from memory of what these programs print."""

from __future__ import annotations

from bench.generated import Statements
from bench.lines import headed

_POSTGRES = headed(
    "{stamp:%Y-%m-%d %H:%M:%S}.{digits:3} UTC [{int:32000}] ",
    [
        (60, "LOG:  checkpoint starting: {any:time|time|wal|immediate force wait}"),
        (
            60,
            "LOG:  checkpoint complete: wrote {int:9000} buffers ({int:60}.{digits:1}%); {int:3} WAL file(s) added, "
            "{int:9} removed, {int:20} recycled; write={int:299}.{digits:3} s, sync=0.{digits:3} s, "
            "total={int:299}.{digits:3} s; sync files={int:300}, longest=0.{digits:3} s, average=0.{digits:3} s; "
            "distance={int:900000} kB, estimate={int:900000} kB; lsn={int:9}/{digits:8}, redo lsn={int:9}/{digits:8}",
        ),
        (150, "LOG:  connection received: host={ip} port={int:65535}"),
        (20, "LOG:  connection received: host={any:[local]}"),
        (
            150,
            'LOG:  connection authenticated: identity="{word:6}" method={any:scram-sha-256|scram-sha-256|md5} '
            "(/var/lib/postgresql/data/pg_hba.conf:{int:130})",
        ),
        (
            150,
            "LOG:  connection authorized: user={word:6} database={word:4}{any:| application_name=psql"
            "| application_name=shop-api| SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)}",
        ),
        (
            120,
            "LOG:  disconnection: session time: {int:9}:{stamp:%M:%S}.{digits:3} user={word:6} database={word:4} "
            "host={ip} port={int:65535}",
        ),
        (90, "LOG:  duration: {int:9000}.{digits:3} ms  statement: {sql}"),
        (60, "LOG:  duration: {int:9000}.{digits:3} ms  execute {any:<unnamed>|S_1|S_3|S_12}: {sql}"),
        (30, 'ERROR:  duplicate key value violates unique constraint "{word:12}_{word:20}_key"'),
        (30, "DETAIL:  Key ({word:20})=({any:4711|88|kalo@example.com|2026-11-02|a b c}) already exists."),
        (70, "STATEMENT:  {sql}"),
        (12, 'ERROR:  relation "{word:30}" does not exist at character {int:90}'),
        (12, 'ERROR:  column "{word:30}" does not exist at character {int:90}'),
        (8, 'HINT:  Perhaps you meant to reference the column "{word:12}.{word:30}".'),
        (10, 'DETAIL:  Key ({word:20}_id)=({int}) is not present in table "{word:12}".'),
        (
            15,
            "LOG:  process {int:32000} still waiting for {any:ShareLock|ExclusiveLock|AccessExclusiveLock} on "
            "{any:transaction 48213|transaction 9921|tuple (0,7) of relation 16402 of database 16384"
            "|relation 16391 of database 16384} after {int:9000}.{digits:3} ms",
        ),
        (10, "ERROR:  canceling statement due to statement timeout"),
        (5, "ERROR:  canceling statement due to user request"),
        (8, 'FATAL:  password authentication failed for user "{word:9}"'),
        (4, "FATAL:  sorry, too many clients already"),
        (20, 'LOG:  automatic vacuum of table "{word:4}.public.{word:12}": index scans: {int:2}'),
        (10, "LOG:  could not receive data from client: {any:Connection reset by peer|Connection timed out}"),
        (15, 'LOG:  temporary file: path "base/pgsql_tmp/pgsql_tmp{int:32000}.{int:9}", size {int:90000000}'),
        (1, "LOG:  database system is ready to accept connections"),
    ],
)

_MAIN = "1:M {stamp:%d %b %Y %H:%M:%S}.{digits:3} "
_COPY = "1:S {stamp:%d %b %Y %H:%M:%S}.{digits:3} "
_CHILD = "{int:32000}:C {stamp:%d %b %Y %H:%M:%S}.{digits:3} "
_REDIS = [
    *headed(
        _MAIN,
        [
            (80, "* {any:1|10|100|10000} changes in {any:3600|300|60} seconds. Saving..."),
            (80, "* Background saving started by pid {int:32000}"),
            (80, "* Background saving terminated with success"),
            (10, "* Starting automatic rewriting of AOF on {int:400}% growth"),
            (10, "* Background append only file rewriting started by pid {int:32000}"),
            (10, "* Background AOF rewrite terminated with success"),
            (15, "* Replica {ip}:6379 asks for synchronization"),
            (
                10,
                "* Partial resynchronization request from {ip}:6379 accepted. Sending {int} bytes of backlog "
                "starting from offset {int:9999999999}.",
            ),
            (5, "* Full resync requested by replica {ip}:6379"),
            (5, "* Synchronization with replica {ip}:6379 succeeded"),
            (10, "* Connection with replica {ip}:6379 lost."),
            (60, "- DB {int:15}: {int} keys ({int:9000} volatile) in {any:4|64|2048|65536|1048576} slots HT."),
            (60, "- {int:900} clients connected ({int:3} replicas), {int:99999999} bytes in use"),
            (90, "- Accepted {ip}:{int:65535}"),
            (
                80,
                "- Client closed connection id={int} addr={ip}:{int:65535} laddr={ip}:6379 fd={int:900} "
                "name={any:||celery|cache} age={int:9000} idle={int:300} flags={any:N|P|r}",
            ),
            (
                8,
                "* Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting "
                "for fsync to complete, this may slow down Redis.",
            ),
            (4, "* DB loaded from {any:disk|append only file}: {int:20}.{digits:3} seconds"),
            (2, "# User requested shutdown..."),
            (2, "* Ready to accept connections tcp"),
        ],
    ),
    *headed(
        _COPY,
        [
            (12, "* Connecting to MASTER {host}:6379"),
            (12, "* MASTER <-> REPLICA sync started"),
            (9, "* MASTER <-> REPLICA sync: receiving {int} bytes from master to {any:disk|parser}"),
            (8, "# Error condition on socket for SYNC: {any:Connection refused|No route to host|Operation timed out}"),
        ],
    ),
    *headed(
        _CHILD,
        [
            (80, "* DB saved on disk"),
            (
                90,
                "* Fork CoW for {any:RDB|RDB|RDB|AOF rewrite}: current {int:90} MB, peak {int:90} MB, "
                "average {int:90} MB",
            ),
        ],
    ),
]

_ETCD = [
    *headed(
        '{"level":"info","ts":"{stamp:%Y-%m-%dT%H:%M:%S}.{digits:6}Z",',
        [
            (80, '"caller":"mvcc/index.go:214","msg":"compact tree index","revision":{int:9999999}}'),
            (
                80,
                '"caller":"mvcc/kvstore_compaction.go:68","msg":"finished scheduled compaction",'
                '"compact-revision":{int:9999999},"took":"{go}","hash":{int:4294967295},'
                '"current-db-size-bytes":{int:99999999},"current-db-size":"{any:20 MB|22 MB|1.4 GB|812 kB}",'
                '"current-db-size-in-use-bytes":{int:99999999},"current-db-size-in-use":"{any:7.1 MB|13 MB|996 kB}"}',
            ),
            (
                80,
                '"caller":"mvcc/hash.go:151","msg":"storing new hash","hash":{int:4294967295},'
                '"revision":{int:9999999},"compact-revision":{int:9999999}}',
            ),
            (
                90,
                '"caller":"traceutil/trace.go:171","msg":"trace[{int:2147483647}] {any:range|range|put|transaction'
                '|linearizableReadLoop}","detail":"{any:{range_begin:}/registry/{word:12}/{word:30}; range_end:; '
                'response_count:{int:9}; response_revision:{int:9999999}; }","duration":"{go}",'
                '"start":"{time}","end":"{time}","steps":["trace[{int:2147483647}] \'{any:agreement among raft nodes '
                "before linearized reading|range keys from in-memory index tree|process raft request}'  "
                '(duration: {go})"],"step_count":{int:4}}',
            ),
            (
                20,
                '"caller":"etcdserver/server.go:1395","msg":"triggering snapshot","local-member-id":"{hex:16}",'
                '"local-member-applied-index":{int},"local-member-snapshot-index":{int},'
                '"local-member-snapshot-count":{any:10000|100000}}',
            ),
            (20, '"caller":"etcdserver/server.go:2344","msg":"saved snapshot","snapshot-index":{int}}'),
            (20, '"caller":"etcdserver/server.go:2374","msg":"compacted Raft logs","compact-index":{int}}'),
            (
                20,
                '"caller":"fileutil/purge.go:96","msg":"purged",'
                '"path":"/var/lib/etcd/member/{any:snap|wal}/{hex:16}-{hex:16}.{any:snap|wal}"}',
            ),
            (
                10,
                '"logger":"raft","caller":"etcdserver/zap_raft.go:77",'
                '"msg":"{hex:16} became follower at term {int:90}"}',
            ),
            (
                10,
                '"logger":"raft","caller":"etcdserver/zap_raft.go:77",'
                '"msg":"{hex:16} became candidate at term {int:90}"}',
            ),
            (
                10,
                '"logger":"raft","caller":"etcdserver/zap_raft.go:77",'
                '"msg":"{hex:16} received {any:MsgVoteResp|MsgPreVoteResp} from {hex:16} at term {int:90}"}',
            ),
            (
                6,
                '"logger":"raft","caller":"etcdserver/zap_raft.go:77",'
                '"msg":"raft.node: {hex:16} elected leader {hex:16} at term {int:90}"}',
            ),
            (
                12,
                '"caller":"rafthttp/stream.go:412","msg":"established TCP streaming connection with remote peer",'
                '"stream-reader-type":"{any:stream Message|stream MsgApp v2}","local-member-id":"{hex:16}",'
                '"remote-peer-id":"{hex:16}"}',
            ),
            (
                1,
                '"caller":"embed/serve.go:103","msg":"ready to serve client requests"}',
            ),
        ],
    ),
    *headed(
        '{"level":"warn","ts":"{stamp:%Y-%m-%dT%H:%M:%S}.{digits:6}Z",',
        [
            (
                120,
                '"caller":"etcdserver/util.go:170","msg":"apply request took too long","took":"{go}",'
                '"expected-duration":"100ms","prefix":"{any:read-only range |read-only range |read-only txn |}",'
                '"request":"{any:key|header:<ID:7587872 > txn:<compare:<target:MOD key}:\\"/registry/{word:12}/'
                '{word:30}\\" {any:|limit:500 |range_end:\\"/registry/pods0\\" count_only:true }",'
                '"response":"{any:range_response_count:1 |range_response_count:0 |}size:{int:9000}"'
                '{any:||,"error":"context canceled"|,"error":"etcdserver: request timed out"}}',
            ),
            (
                20,
                '"caller":"rafthttp/stream.go:421","msg":"lost TCP streaming connection with remote peer",'
                '"stream-reader-type":"{any:stream Message|stream MsgApp v2}","local-member-id":"{hex:16}",'
                '"remote-peer-id":"{hex:16}","error":"{any:EOF|unexpected EOF|read tcp: i/o timeout}"}',
            ),
            (
                50,
                '"caller":"rafthttp/probing_status.go:68","msg":"prober detected unhealthy status",'
                '"round-tripper-name":"{any:ROUND_TRIPPER_SNAPSHOT|ROUND_TRIPPER_RAFT_MESSAGE}",'
                '"remote-peer-id":"{hex:16}","rtt":"{any:0s|1.2ms|934.2µs}",'
                '"error":"dial tcp {ip}:2380: {any:connect: connection refused|i/o timeout}"}',
            ),
            (
                15,
                '"caller":"etcdserver/raft.go:416","msg":"leader failed to send out heartbeat on time; took too '
                'long, leader is overloaded likely from slow disk","to":"{hex:16}","heartbeat-interval":"100ms",'
                '"expected-duration":"200ms","exceeded-duration":"{go}"}',
            ),
            (
                10,
                '"caller":"wal/wal.go:805","msg":"slow fdatasync","took":"{go}","expected-duration":"1s"}',
            ),
            (
                15,
                '"caller":"embed/config_logging.go:169","msg":"rejected connection","remote-addr":"{ip}:{int:65535}",'
                '"server-name":"{perhaps}","error":"{any:EOF|tls: first record does not look like a TLS handshake'
                '|remote error: tls: bad certificate}"}',
            ),
        ],
    ),
]

_ELASTICSEARCH: Statements = [
    (
        60,
        "[o.e.c.m.MetadataCreateIndexService] [es-{int:5}] [{word:12}-{stamp:%Y.%m.%d}] creating index, "
        "cause "
        "[{any:api|auto(bulk api)|rollover_index}], templates [{any:|logs|metrics, base}], shards [{int:5}]/[{int:2}]",
    ),
    (
        50,
        "[o.e.c.m.MetadataMappingService] [es-{int:5}] [{word:12}-{stamp:%Y.%m.%d}/{token:22}] create_mapping",
    ),
    (
        80,
        "[o.e.c.m.MetadataMappingService] [es-{int:5}] [{word:12}-{stamp:%Y.%m.%d}/{token:22}] update_mapping [_doc]",
    ),
    (
        20,
        "[o.e.c.m.MetadataDeleteIndexService] [es-{int:5}] [{word:12}-{stamp:%Y.%m.%d}/{token:22}] deleting index",
    ),
    (
        60,
        '[o.e.c.r.a.AllocationService] [es-{int:5}] current.health="{any:GREEN|YELLOW|RED}" message="Cluster health '
        "status changed from [{any:GREEN|YELLOW|RED}] to [{any:GREEN|YELLOW|RED}] (reason: [{any:shards started "
        "[[orders-7][0]]|shards started [[logs-2026.11.02][0], [logs-2026.11.02][1]]|index [carts] created"
        '|es-2 left: disconnected}])." previous.health="{any:GREEN|YELLOW|RED}" reason="{any:shards started '
        '[[orders-7][0]]|index [carts] created|es-2 left: disconnected}"',
    ),
    (
        100,
        "[o.e.m.j.JvmGcMonitorService] [es-{int:5}] [gc][{int}] overhead, spent "
        "[{any:312ms|1.1s|540ms|2.4s|702ms}] collecting in the last [{any:1s|1.2s|1.9s|3s}]",
    ),
    (
        60,
        "[o.e.m.j.JvmGcMonitorService] [es-{int:5}] [gc][{any:young|young|old}][{int}][{int:9000}] duration "
        "[{any:812ms|1.2s|2.3s}], collections [{int:3}]/[{any:1.1s|1.9s|3.2s}], total [{any:812ms|1.2s}]/"
        "[{any:20.1s|1.3m|4.4h}], memory [{any:1.2gb|980.4mb}]->[{any:900mb|611.7mb}]/[2gb], all_pools {[young] "
        "[{any:700mb|12mb}]->[{any:0b|4mb}]/[0b]}{[old] [{any:480.2mb|500mb}]->[{any:489mb|500.1mb}]/[2gb]}"
        "{[survivor] [{int:40}mb]->[{int:40}mb]/[0b]}",
    ),
    (
        40,
        "[o.e.c.r.a.DiskThresholdMonitor] [es-{int:5}] low disk watermark [85%] exceeded on [{token:22}][es-{int:5}]"
        "[/var/lib/elasticsearch] free: {float:30}gb[{float:15}%], replicas will not be assigned to this node",
    ),
    (
        20,
        "[o.e.c.r.a.DiskThresholdMonitor] [es-{int:5}] high disk watermark [90%] exceeded on [{token:22}][es-{int:5}]"
        "[/var/lib/elasticsearch] free: {float:30}gb[{float:9}%], shards will be relocated away from this node; "
        "currently relocating away shards totalling [{int}] bytes; the node is expected to continue to exceed the high "
        "disk watermark when these relocations are complete",
    ),
    (
        10,
        "[o.e.c.s.MasterService] [es-{int:5}] node-join[{es-{int:5}}{{token:22}}{{token:22}}{es-{int:5}}{{ip}}"
        "{{ip}:9300}{any:{cdfhilmrstw}}{8.15.1}{7000099-8512000} joining], term: {int:90}, version: {int}, delta: "
        "added {{es-{int:5}}{{token:22}}{{ip}:9300}}",
    ),
    (
        12,
        "[o.e.c.c.Coordinator] [es-{int:5}] master node [{es-{int:5}}{{token:22}}{{token:22}}{{ip}}{{ip}:9300}] "
        "disconnected, restarting discovery",
    ),
    (
        90,
        "[i.s.s.query] [es-{int:5}] [{word:12}][{int:5}] took[{any:1.2s|612.4ms|10.1s}], took_millis[{int:20000}], "
        "total_hits[{any:12|0|10000+} hits], stats[], search_type[QUERY_THEN_FETCH], total_shards[{int:9}], "
        'source[{"size":{int:50},"query":{any:{"match_all":{"boost":1.0|{"term":{"sku":"88-12"|{"prefix":{"name":'
        '"ka"}}}}], id[{perhaps}]',
    ),
    (
        15,
        "[o.e.s.SnapshotsService] [es-{int:5}] snapshot [{word:4}:snap-{stamp:%Y.%m.%d}/{token:22}] started",
    ),
    (
        15,
        "[o.e.s.SnapshotsService] [es-{int:5}] snapshot [{word:4}:snap-{stamp:%Y.%m.%d}/{token:22}] "
        "completed "
        "with state [{any:SUCCESS|SUCCESS|PARTIAL}]",
    ),
    (
        60,
        "[o.e.x.i.IndexLifecycleTransition] [es-{int:5}] moving index [{word:12}-{digits:6}] from "
        '[{"phase":"{any:new|hot'
        '|warm}","action":"{any:init|rollover|complete}","name":"{any:init|check-rollover-ready|complete}"}] to '
        '[{"phase":"{any:hot|warm|delete}","action":"{any:rollover|unfollow|delete}","name":"{any:wait-for-active-shards'
        '|check-rollover-ready|delete}"}] in policy [{word:6}]',
    ),
    (
        8,
        "[o.e.c.m.MetadataIndexTemplateService] [es-{int:5}] adding index template [{word:12}] for index patterns "
        "[{names}]",
    ),
    (
        15,
        "[o.e.i.b.HierarchyCircuitBreakerService] [es-{int:5}] attempting to trigger G1GC due to high heap usage "
        "[{int:2147483647}]",
    ),
    (
        15,
        "[o.e.i.b.HierarchyCircuitBreakerService] [es-{int:5}] GC did bring memory usage down, before "
        "[{int:2147483647}], after [{int:2147483647}], allocations [{int:90}], duration [{int:900}]",
    ),
    (3, "[o.e.t.TransportService] [es-{int:5}] publish_address {{ip}:9300}, bound_addresses {{ip}:9300}"),
    (6, "[o.e.p.PluginsService] [es-{int:5}] loaded module [{word:40}]"),
]

STORES: dict[str, Statements] = {
    "postgres": _POSTGRES,
    "redis": _REDIS,
    "etcd": _ETCD,
    "elasticsearch": _ELASTICSEARCH,
}
