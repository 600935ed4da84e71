"""
Generated logs with known truth: invented systems, in the manner of many kinds of real ones.

The first group has the manner of logs that benchmarks of template miners are usually made of; the second has none of
them in mind. Every statement is written by hand for this file. A slot is a value, everything else tells events apart.
"""

from __future__ import annotations

from bench.lines import Sample, sample

Statements = list[tuple[float, str]]

_STORE: Statements = [
    (200, "Chunk chk_{signed} written from /{ip}:{int:60000} to /{ip}:7070 length {int}"),
    (200, "Replying to {ip}:{int:60000} for chunk chk_{signed}"),
    (120, "CATALOG* Names.record: {ip}:7070 now holds chk_{signed} of length {int}"),
    (80, "CATALOG* Names.reserve: {path:.part}. chk_{signed}"),
    (80, "CATALOG* tell {ip}:7070 to drop  {list:chk_}"),
    (30, "Scrub passed for chk_{signed}"),
    (20, "{ip}:7070:Failure while sending chk_{signed} to /{ip}:"),
    (10, "Removing chunk chk_{signed} file {path}/chk_{signed}"),
]
_SCHEDULER: Statements = [
    *(
        (40, f"run_{{int}}_00{{int:99}} Run moved from {a} to {b}")
        for a, b in zip(
            ("NEW", "PLACED", "STARTING", "ACTIVE", "ACTIVE", "DRAINING"),
            ("PLACED", "STARTING", "ACTIVE", "DRAINING", "FAILED", "DONE"),
            strict=True,
        )
    ),
    (120, "Share of run run_{int}_m_{int} is : {float:1}"),
    (100, "Finished part {int}.0 in wave {int}.0 (PID {int}). {int} bytes of result sent back"),
    (80, "Slab shuffle_{int}_part{int:9} kept in memory (estimated size {float} KB, free {float} MB)"),
    (60, "Slab {any:map_12_3|join_9|map_4_44|join_31} spilled to disk (estimated size {float} {any:KB|B|MB})"),
    (
        50,
        "Retrying connect to server: {host}/{ip}:8032. Already tried {int:9} time(s); policy is UpTo(max=10, "
        "wait=1000 MS)",
    ),
    (
        40,
        "Register type "
        "com.example.flow.{any:event.RunEvent|job.JobEvent|task.TaskEvent|wave.WaveEvent|io.SpillEvent} for "
        "handler com.example.flow.{any:RunBus|JobBus$Inner|TaskBus|core.WaveBus|io.SpillBus}",
    ),
    (30, "Headroom: <memory:{signed:9999}, cores:{signed:99}>"),
    (20, "Lease for [Client_{signed}_1] not renewed for {int:900} seconds.  Will retry shortly ..."),
    (10, "Speculation is off"),
    (10, "Speculation is on"),
]
_QUORUM: Statements = [
    *(
        (30, f"Ballot: {{int:9}} (leader), 0x{{hex:10}} (txn), {a} (his state), {{int:9}} (from), {b} (my state)")
        for a in ("FOLLOWING", "SEARCHING", "LEADING")
        for b in ("FOLLOWING", "SEARCHING")
    ),
    (100, "Accepted link from /{ip}:{int:60000}"),
    (90, "Closed link of client /{ip}:{int:60000} which had session 0x{hex:14}"),
    (60, "Closed link of client /{ip}:{int:60000} (no session yet)"),
    (60, "Session 0x{hex:14} opened with timeout {int} for client /{ip}:{int:60000}"),
    (40, "Session 0x{hex:14} expired, {int}ms passed"),
    (40, "Ballot time out: {int}"),
    (30, "Cannot reach {int:9} at election address /{ip}:3888"),
    (5, "Sender thread leaves"),
    (5, "Sender thread interrupted"),
]
_COMPUTE: Statements = [
    (250, '{ip} "GET {path} HTTP/1.1" status: {any:200|404} len: {int} time: {float:1}'),
    (60, '{ip} "POST {path} HTTP/1.1" status: 202 len: {int} time: {float:1}'),
    (40, '{ip} "DELETE {path} HTTP/1.1" status: 204 len: {int} time: {float:1}'),
    *((30, f"[server: {{uuid}}] Machine {a} (power event)") for a in ("started", "paused", "resumed", "stopped")),
    (40, "[server: {uuid}] Took {float} seconds to build the server."),
    (30, "[server: {uuid}] Took {float} seconds to start the server on the host."),
    (30, "[server: {uuid}] memory limit: {float} MB, free: {float} MB"),
    (30, "[server: {uuid}] disk limit not given, no limit is set"),
    (30, "[server: {uuid}] core limit not given, no limit is set"),
    (25, "image {uuid} at ({path}): checked"),
    (25, "image {uuid} at ({path}): in use: {int:9} local, {int:9} elsewhere"),
    (15, "Base files in use: {path}"),
    (15, "Resource audit of host {host}: name={host} ram={int}MB used={int}MB devices=[]"),
]
_MACHINE_ROOM: Statements = [
    (200, "writing dump.{int}"),
    (80, "{int} parity error(s) (reg 0x{hex:4}) seen and corrected"),
    (60, "{int} parity error(s) (reg 0x{hex:4}) seen and corrected over {int} seconds"),
    *((30, f"{{int}} ring receiver {a} input error(s) (reg 0x{{hex:4}}) seen") for a in ("a+", "b+", "c+")),
    (40, "pc {hex:8} fault {hex:8}"),
    (40, "r24=0x{hex:8} r25=0x{hex:8} r26=0x{hex:8} r27=0x{hex:8}"),
    *(
        (25, f"iod: cannot make the map from file {{path}}: {a}")
        for a in ("Bad descriptor", "Permission denied", "No child processes", "Not a block device")
    ),
    *((25, f"iod: lost the prefix on stream to {{ip}}:{{int:60000}}, {a}") for a in ("reset by peer", "timed out")),
    *(
        (15, f"{a}{{int:1}}")
        for a in (
            "wait state enable.................",
            "debug wait enable.................",
            "store unit error..........",
            "machine trap enable..............",
            "illegal instruction......",
            "privileged instruction...",
        )
    ),
    *((30, f"{a}  (order {{int}})") for a in ("boot", "halt", "wait", "addMember", "bootKernel")),
    (30, "Fan speeds ( {int:9999} {int:9999} {int:9999} {int:9999} )"),
    (30, "cabinet sets differ cab-{int:99} 0x{hex:9} <ok> cab-{int:99} 0x{hex:9} <ok> cab-{int:99} 0x{hex:9} <ok>"),
    (20, "LINK: cab cab-{int:99} sees a working link on net {ip} through alt0"),
    (20, "LINK: cab cab-{int:99} sees a working link on net {ip} through opt0"),
    (20, "Volume pool {any:pool12_tmp|pool442|pool31} is full"),
    (20, "ambient={int:40}"),
    (10, "normal"),
    (10, "warning"),
]
_CLUSTER: Statements = [
    (150, "session opened for user {word:9} by (uid={int:900})"),
    (150, "session closed for user {word:9}"),
    (80, "({any:root|root}) CMD ({path:.sh})"),
    (80, "collector() had no answer from any [Rack_{any:A1|B7|C12|D3|E9}] source"),
    (80, "synchronised to {ip}, stratum {int:9}"),
    (60, "OFFER on {ip} to {hex:2}:{hex:2}:1{hex:1}:{hex:2}:{hex:2}:0{hex:1} through eth1"),
    (50, "connection from {ip} ({perhaps}) at Sun Jul  3 10:05:25 2005"),
    *((6, f"{a} startup succeeded") for a in ("cronx", "maild", "portmapper", "rpc.lockx", "timed", "spoold", "logx")),
    *((6, f"{a} shutdown succeeded") for a in ("cronx", "maild")),
    (10, "creating node '/udev/vc{int:99}'"),
    (10, "removing node '/udev/vc{int:99}'"),
    (10, "{any:Inode|Inode} cache entries: {int} (order: {int:9}, {int} bytes)"),
    (10, "Dentry cache entries: {int} (order: {int:9}, {int} bytes)"),
    (8, "registered driver hub"),
    (8, "registered driver usbfs"),
    (5, "login check failed; logname= uid=0 tty=ssh ruser= rhost={ip}"),
    (60, "login check failed; logname= uid=0 tty=ssh ruser= rhost={host} user=root"),
    (8, "login check failed; logname= uid=0 tty=ssh ruser= rhost={ip} user=guest"),
]
_DESKTOP: Statements = [
    (120, "Warning: unknown attribute of package."),
    (
        100,
        "Applicability for package: "
        "{any:Bundle_for_KB|Patch_|Language-Pack-}{int}~31bf{hex:12}~x64~~6.1.{int:9}, State: {int:9}",
    ),
    (80, "Session: {int}_{int} begun by client UpdateAgent."),
    (80, "Session: {int}_{int} begun by client Backup."),
    (30, "{hex:8} Created transaction (seq {int:99}) result 0x{hex:8}, handle @0x{hex:3}"),
    (
        30,
        "{hex:8}@2026/9/27:20:30:31.{int:999} Initialise (core.dll version 0.0.0.6) called (stack "
        "@0x{hex:11} @0x{hex:11})",
    ),
    *((15, f"{a} Installer {b}.") for a in ("Starting", "Ending") for b in ("initialisation", "finalisation")),
    (20, "Loaded Stack v{int:9}.{int:9}.{int:9999} with Core: C:\\Sys\\x{hex:8}\\core.dll"),
    (30, "RADIO: {int}.{int}: wl0: setup: Local port: {int:60000}, Remote port: {int:60000}"),
    (30, "RADIO: {int}.{int}: wl0: setup: Local IP: {ip}"),
    (30, "RADIO: {int}.{int}: Board_{int}::power: Sleep"),
    (30, "RADIO: {int}.{int}: Board_{int}::power: Wake"),
    (30, "Sandbox: com.example.Mail({int}) deny(1) network-outbound {path}"),
    (20, "en0: channel changed to {int:11}"),
    (20, "Captured frames ({int:99}, {int:99}, {int:99}) of <Layer: 0x{hex:10}>"),
]
_HANDSET: Statements = [
    (
        150,
        'take lock={int}, flags=0x{int:9}, tag="{any:View Lock|*launch*|RIL_ACK|Windows}", '
        "name={any:com.example.ui|phone|"
        "com.example.chat}, ws={any:null|Work(10113)}, uid={int}",
    ),
    (100, "ready=true,policy={int:9},awake={int:9},done=false,mode=false,manual={int:99},auto=-1"),
    (60, "visible is {any:ui.time.show|ui.charge.show|ui.call.show|ui.owner.name}"),
    (40, "updateClip overlap:false, top={float}, move={float}"),
    (40, "updateClip overlap:true, top={float}, move={float}"),
    (60, "steps = {int}##{int}##{int}##{int}"),
    (50, "setSteps={numbers:##}"),
    (40, "onReceive action: phone.intent.action.SCREEN_ON"),
    (40, "onReceive action: phone.intent.action.SCREEN_OFF"),
    (40, "REPORT : {int} {int} {int} {int}"),
    (40, "setBars vis={hex:8} mask={hex:8} bounds=Rect(0, 0 - {int:999}, {int:999}), split=Rect(0, 0 - 0, 0)"),
    (20, "getTasks: caller {int} may not see others; output is limited"),
    (20, "getMode..."),
    (20, "getRinger..."),
    (10, "flushAllOfTheSensorStepsAgain{int:9999}|{int}|{int}"),
]
_WEB: Statements = [
    (300, '{ip} - {any:-|-} [10/Oct/2026:13:55:36 +0000] "GET {path:.html} HTTP/1.1" 200 {int}'),
    (60, '{ip} - - [10/Oct/2026:13:55:36 +0000] "POST {path} HTTP/1.1" 201 {int}'),
    (80, "[client {ip}] Listing forbidden by rule: {path}/"),
    (60, "pool_init() Found worker {int} in slot {int:99}"),
    (60, "pool_init() Lost worker {int} of slot {int:99}"),
    (60, "envWorker.init() ok {path:.properties}"),
    (40, "child envWorker in error state {int:9}"),
]
_TUNNEL: Statements = [
    (
        300,
        "{any:edge.example.com|mail.example.org|www.example.net|10.0.7.3|shop.example}:{int:60000} close, {size} sent, "
        "{size} received, lifetime {duration}",
    ),
    (
        150,
        "{any:edge.example.com|mail.example.org|www.example.net|10.0.7.3}:{int:60000} open through "
        "gate.example.com:5070 TLS",
    ),
    (30, "{any:edge.example.com|mail.example.org}:{int:60000} open through gate.example.com:5070 SOCKS5"),
    (30, "{any:edge.example.com|mail.example.org}:{int:60000} error : cannot reach gate.example.com:5070 - timed out"),
    (
        30,
        "{any:edge.example.com|mail.example.org}:{int:60000} error : cannot reach gate.example.com:5070 - closed early",
    ),
]
_SIGN_IN: Statements = [
    (150, "Failed password for {word:12} from {ip} port {int:60000} ssh2"),
    (100, "Failed password for invalid user {word:60} from {ip} port {int:60000} ssh2"),
    (100, "Invalid user {word:60} from {ip}"),
    (
        80,
        "auth(sshx:auth): check failed; logname= uid=0 tty=ssh ruser= "
        "rhost={any:10.1.2.3|bad.example.com|x.y.example.org}",
    ),
    (80, "auth(sshx:auth): check failed; logname= uid=0 tty=ssh ruser= rhost={ip} user={word:12}"),
    (60, "Connection closed by {ip} [preauth]"),
    (60, "Disconnect from {ip}: 11: Bye [preauth]"),
    (20, "error: Disconnect from {ip}: 3: com.example.ssh.Refused: Auth fail [preauth]"),
    (20, "name check of {host} [{ip}] failed"),
    (10, "Too many failures for admin [preauth]"),
    (10, "Too many failures for root [preauth]"),
    (10, "Accepted key for {word:4} from {ip} port {int:60000} ssh2"),
]
_SHOP: Statements = [
    (120, "order {uuid} placed by customer {word:80} total={float:500} currency=EUR"),
    (80, "payment {token:20} authorised for order {uuid} in {int:900}ms"),
    (30, "payment {token:20} declined for order {uuid}: insufficient funds"),
    (30, "payment {token:20} declined for order {uuid}: card expired"),
    (60, "cart {hex:24} abandoned after {int:90} minutes"),
    (60, "cache hit ratio {float}% over {int} lookups"),
    (40, "stock of item {any:blue-kettle|red-lamp|oak-desk|tin-cup|wool-rug|jute-bag|cork-mat} fell to {int:20}"),
    (30, "retrying GET https://api.example.com/v2/{hex:8}?page={int:9} (attempt {int:5})"),
    (20, "retrying POST https://api.example.com/v2/{hex:8} (attempt {int:5})"),
    (20, "worker started"),
    (20, "worker stopped"),
    (20, "queue depth {int} exceeds soft limit {int}"),
]
_DATABASE: Statements = [
    (100, "duration: {float} ms  statement: SELECT * FROM t WHERE id = {int}"),
    (60, "checkpoint complete: wrote {int} buffers ({float}%); write={float} s, sync={float} s"),
    (60, 'relation "{word:30}" does not exist at character {int:99}'),
    (60, "connection received: host={ip} port={int:60000}"),
    (60, "connection authorized: user={word:9} database={word:6} application_name=web"),
    (40, 'duplicate key value violates unique constraint "{word:20}_pkey"'),
    (20, "could not connect to the primary server: Connection refused"),
    (20, "could not connect to the primary server: Connection timed out"),
    (20, "autovacuum: found orphan temp table {word:20}"),
    (10, "database system is ready to accept connections"),
    (10, "database system is shut down"),
]
_GAME: Statements = [
    (120, "player {random:7} joined room {word:30} from {host}"),
    (120, "player {random:7} left room {word:30} after {int:90} minutes"),
    (80, "match {hex:10} won by {random:7} with {int:99} points"),
    (40, "player {random:7} was muted by moderator {word:9}: spam"),
    (40, "tick {int} took {float} ms (budget {float} ms)"),
    (20, "world saved"),
    (20, "world loaded"),
    (20, "saving world to {path:.sav}"),
]
_BUILD: Statements = [
    (120, "[{int:400}/400] Compiling {path:.cpp}"),
    (40, "[{int:400}/400] Linking {path:.so}"),
    (60, "test {word:60} ... ok"),
    (20, "test {word:60} ... FAILED"),
    (60, "Downloading {word:40} v{int:9}.{int:20}.{int:9} (registry {host})"),
    (40, "Fetched {int:900} kB in {int:9}s ({int:900} kB/s)"),
    (20, "warning: unused variable: `{word:40}`"),
    (20, "warning: unused import: `{word:40}`"),
    (10, "error[E0{int:999}]: mismatched types"),
]
_STRUCTURED: Statements = [
    (100, "level=info ts={time} caller=main.go:{int:400} msg=ready addr={ip}:{int:60000}"),
    (100, 'level=warn ts={time} caller=sync.go:{int:400} msg="slow request" took={int:900}ms path={path}'),
    (
        60,
        'level=error ts={time} caller=sync.go:{int:400} msg="request failed" err="dial tcp {ip}:{int:60000}: '
        'i/o timeout"',
    ),
    (60, "reconcile ok namespace={word:20} pod={word:20}-{hex:9}-{token:5} generation={int:99}"),
    (60, "reconcile failed namespace={word:20} pod={word:20}-{hex:9}-{token:5} generation={int:99}"),
    (40, "pulled image registry.example.com/{word:20}/{word:20}:{hex:8} in {float}s"),
    (20, "lease acquired by {word:20}-{hex:9}"),
    (20, "lease lost by {word:20}-{hex:9}"),
]
_UNICODE: Statements = [
    (80, "Benutzer {word:30} hat sich von {ip} angemeldet"),
    (60, "Auftrag {int} für Kunde {word:30} wurde geprüft"),
    (60, "Größe {size} übertragen nach {path}"),
    (60, "警告: ディスク使用率 {int:99}% ホスト {host}"),
    (40, "Ошибка {int:99}: соединение с {ip}:{int:60000} закрыто"),
    (40, "naïve cache → {int} entrées, {float} % libres"),
    (20, "✓ déploiement terminé"),
    (20, "✗ déploiement interrompu"),
]

KNOWN: dict[str, Statements] = {
    "store": _STORE,
    "scheduler": _SCHEDULER,
    "quorum": _QUORUM,
    "compute": _COMPUTE,
    "machine-room": _MACHINE_ROOM,
    "cluster": _CLUSTER,
    "desktop": _DESKTOP,
    "handset": _HANDSET,
    "web": _WEB,
    "tunnel": _TUNNEL,
    "sign-in": _SIGN_IN,
}
OTHER: dict[str, Statements] = {
    "shop": _SHOP,
    "database": _DATABASE,
    "game": _GAME,
    "build": _BUILD,
    "structured": _STRUCTURED,
    "unicode": _UNICODE,
}


def samples(kinds: dict[str, Statements], *, lines: int = 2000) -> list[Sample]:
    """One sample of each kind."""
    return [sample(name, statements, lines=lines) for name, statements in kinds.items()]
