"""Logs of servers that answer requests, from memory of what these programs print."""

from __future__ import annotations

from bench.generated import Statements
from bench.lines import headed

_ON_BEHALF = (
    'client: {ip}, server: {any:_|shop.example.com|api.example.com}, request: "{any:GET|GET|POST|HEAD} {route} '
    'HTTP/{any:1.1|1.1|1.0|2.0}"'
)
_UPSTREAM = _ON_BEHALF + (
    ', upstream: "http://{ip}:{any:8000|8080|3000}{route}", host: "{any:shop|api}.example.com"'
    '{any:||, referrer: "https://shop.example.com/"|, referrer: "https://shop.example.com/cart"}'
)
_PLAIN = _ON_BEHALF + (
    ', host: "{any:shop.example.com|api.example.com|203.0.113.9}"{any:||, referrer: "https://shop.example.com/"}'
)
_WAITING = (
    "{any:reading response header from upstream|reading upstream|connecting to upstream|sending request to upstream}"
)
_NGINX = headed(
    "{stamp:%Y/%m/%d %H:%M:%S} ",
    [
        (
            120,
            '[error] {any:29#29|31#31}: *{int} open() "/usr/share/nginx/html{route}" failed ({any:2: No such file or '
            "directory|2: No such file or directory|13: Permission denied|20: Not a directory}), " + _PLAIN,
        ),
        (
            100,
            "[error] {any:29#29|31#31}: *{int} connect() failed ({any:111: Connection refused|111: Connection refused"
            "|113: Host is unreachable|110: Connection timed out}) while connecting to upstream, " + _UPSTREAM,
        ),
        (
            20,
            "[crit] {any:29#29|31#31}: *{int} connect() to {any:unix:/run/gunicorn.sock|unix:/run/php/fpm.sock} failed "
            "({any:2: No such file or directory|13: Permission denied}) while connecting to upstream, " + _UPSTREAM,
        ),
        (
            90,
            "[error] {any:29#29|31#31}: *{int} upstream timed out (110: Connection timed out) while "
            + _WAITING
            + ", "
            + _UPSTREAM,
        ),
        (
            50,
            "[error] {any:29#29|31#31}: *{int} upstream prematurely closed connection while "
            + _WAITING
            + ", "
            + _UPSTREAM,
        ),
        (30, "[error] {any:29#29|31#31}: *{int} no live upstreams while connecting to upstream, " + _UPSTREAM),
        (
            30,
            "[error] {any:29#29|31#31}: *{int} recv() failed (104: Connection reset by peer) while "
            + _WAITING
            + ", "
            + _UPSTREAM,
        ),
        (
            30,
            "[error] {any:29#29|31#31}: *{int} client intended to send too large body: {int:99999999} bytes, " + _PLAIN,
        ),
        (
            60,
            "[warn] {any:29#29|31#31}: *{int} a client request body is buffered to a temporary file "
            "/var/cache/nginx/client_temp/00000{digits:5}, " + _PLAIN,
        ),
        (
            60,
            "[warn] {any:29#29|31#31}: *{int} an upstream response is buffered to a temporary file "
            "/var/cache/nginx/proxy_temp/{int:9}/{digits:2}/00000{digits:5} while reading upstream, " + _UPSTREAM,
        ),
        (30, "[error] {any:29#29|31#31}: *{int} access forbidden by rule, " + _PLAIN),
        (20, '[error] {any:29#29|31#31}: *{int} directory index of "/usr/share/nginx{path:/}" is forbidden, ' + _PLAIN),
        (
            50,
            '[error] {any:29#29|31#31}: *{int} limiting requests, excess: {int:40}.{digits:3} by zone "{word:4}", '
            + _PLAIN,
        ),
        (
            30,
            '[warn] {any:29#29|31#31}: *{int} delaying request, excess: {int:40}.{digits:3}, by zone "{word:4}", '
            + _PLAIN,
        ),
        (
            40,
            "[info] {any:29#29|31#31}: *{int} client closed connection while {any:waiting for request|waiting for "
            "request|keepalive|SSL handshaking}, client: {ip}, server: 0.0.0.0:{any:80|443}",
        ),
        (
            20,
            "[crit] {any:29#29|31#31}: *{int} SSL_do_handshake() failed (SSL: error:{any:0A00006C:SSL "
            "routines::bad key "
            "share|0A000065:SSL routines::inappropriate fallback|0A000102:SSL routines::unsupported protocol}) while "
            "SSL handshaking, client: {ip}, server: 0.0.0.0:443",
        ),
        (
            15,
            '[error] {any:29#29|31#31}: *{int} user "{word}" was not found in "/etc/nginx/{any:.htpasswd|users}", '
            + _PLAIN,
        ),
        (15, '[error] {any:29#29|31#31}: *{int} user "{word}": password mismatch, ' + _PLAIN),
        (
            10,
            "[error] {any:29#29|31#31}: *{int} {word:9}.example.com could not be resolved ({any:3: Host not found"
            "|110: Operation timed out|2: Server failure}), " + _PLAIN,
        ),
        (15, "[notice] 1#1: start worker process {int:90}"),
        (10, "[notice] 1#1: worker process {int:90} exited with code {any:0|0|1|2}"),
        (10, "[notice] 1#1: signal {any:17 (SIGCHLD)|1 (SIGHUP)|3 (SIGQUIT)} received from {int:90}"),
        (2, '[notice] 1#1: using the "{any:epoll}" event method'),
        (
            2,
            '[emerg] 1#1: host not found in upstream "{word:9}" in /etc/nginx/{any:conf.d/default|nginx}.conf:{int:90}',
        ),
    ],
)

_STAMP = "[{stamp:%d/%b/%Y:%H:%M:%S}.{digits:3}]"
_HAPROXY: Statements = [
    (
        300,
        "{ip}:{int:65535} " + _STAMP + " {any:http-in|https-in~} {any:api|web|static}/{any:srv1|srv2|srv3|<NOSRV>} "
        "{int:900}/{int:90}/{any:-1|0|0|1|2}/{int:900}/{int:9000} {any:200|200|304|404|500|503|-1} {int} - - "
        "{any:----|----|--NI|SC--|sH--|CD--} {int:90}/{int:90}/{int:20}/{int:9}/{any:0|0|3} {int:3}/{int:3} "
        '{{any:shop|api}.example.com|{agent}} "{any:GET|POST|PUT|<BADREQ>} {route} HTTP/1.1"',
    ),
    (
        60,
        "{ip}:{int:65535} " + _STAMP + " {any:pg-in|mq-in} {any:pg|mq}/{any:srv1|srv2|<NOSRV>} "
        "{int:90}/{any:-1|0|0|1|2}/{int:90000} {int} {any:--|--|cD|SC} "
        "{int:90}/{int:90}/{int:20}/{int:9}/0 {int:3}/{int:3}",
    ),
    (
        60,
        "{ip}:{int:65535} " + _STAMP + " {any:https-in|https-in|admin}/{int:3}: {any:SSL handshake failure|Connection "
        "closed during SSL handshake|Timeout during SSL handshake}",
    ),
    (
        60,
        "Health check for {any:|backup }server {any:api|web|pg}/srv{int:4} {any:failed}, reason: "
        '{any:Layer7 timeout|Layer4 connection problem, info: "Connection refused"'
        '|Layer7 wrong status, code: 503, info: "Service Unavailable"}, check duration: {int:5000}ms, status: '
        "{int:3}/{int:3} {any:UP|DOWN}.",
    ),
    (
        40,
        "Server {any:api|web|pg}/srv{int:4} is DOWN, reason: {any:Layer7 timeout|Layer4 connection problem, info: "
        '"Connection refused"|Layer4 timeout|Layer7 wrong status, code: 503, info: "Service Unavailable"}, check '
        "duration: {int:5000}ms. {int:3} active and {int:1} backup servers left.{any:| Running on backup.} {int:90} "
        "sessions active, {int:9} requeued, {int:9} remaining in queue.",
    ),
    (
        40,
        "Server {any:api|web|pg}/srv{int:4} is UP, reason: {any:Layer7 check passed, code: 200|Layer4 check "
        "passed}, check "
        "duration: {int:900}ms. {int:3} active and {int:1} backup servers online. {int:9} sessions requeued, {int:9} "
        "total in queue.",
    ),
    (15, "{any:backend|proxy} {any:api|web|pg} has no server available!"),
    (
        20,
        "{any:api|web|pg}/srv{int:4} changed its IP from {ip} to {ip} by {any:docker/dns1|DNS cache|DNS additional "
        "record}.",
    ),
    (
        15,
        "Server {any:api|web|pg}/srv{int:4} is going DOWN for maintenance ({any:DNS NX status|DNS timeout "
        "status|No IP for "
        "server }). {int:3} active and {int:1} backup servers left. {int:90} sessions active, {int:9} requeued, "
        "{int:9} "
        "remaining in queue.",
    ),
    (15, "Server {any:api|web|pg}/srv{int:4} administratively READY thanks to valid DNS answer."),
    (40, "Connect from {ip}:{int:65535} to {ip}:{any:80|443|5432} ({any:http-in/HTTP|https-in/HTTP|pg-in/TCP})"),
    (10, "Stopping {any:frontend|backend|proxy} {any:http-in|https-in|api|web|pg} in 0 ms."),
    (
        10,
        "Proxy {any:http-in|https-in|api|web|pg} stopped (cumulated conns: FE: {int:90000}, BE: {int:90000}).",
    ),
    (4, "New worker ({int:900}) forked"),
    (4, "Former worker ({int:900}) exited with code {any:0 (Exit)|143 (Terminated)|139 (Segmentation fault)}"),
]

_QUEUED = "{any:0123|4F0A|B3D1|9C77}{digits:6}"
_PEER = "{any:unknown|mx.example.com|mail-4.example.net|relay.example.org}[{ip}]"
_MAIL = "{word}@example.{any:com|net|org}"
_POSTFIX: Statements = [
    (120, "postfix/smtpd[{int:32000}]: connect from " + _PEER),
    (
        120,
        "postfix/smtpd[{int:32000}]: disconnect from " + _PEER + " {any:ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5"
        "|ehlo=2 starttls=1 mail=1 rcpt=3 data=1 quit=1 commands=9|ehlo=1 auth=0/1 commands=1/2|commands=0/0}",
    ),
    (
        100,
        "postfix/smtpd[{int:32000}]: " + _QUEUED + ": client=" + _PEER + "{any:||, sasl_method=PLAIN, "
        "sasl_username=shop@example.com|, sasl_method=LOGIN, sasl_username=reports@example.com}",
    ),
    (100, "postfix/cleanup[{int:32000}]: " + _QUEUED + ": message-id=<{stamp:%Y%m%d%H%M%S}.{hex:10}@{host}>"),
    (
        110,
        "postfix/qmgr[{int:900}]: " + _QUEUED + ": from=<{any:|shop@example.com|noreply@example.com|a.b@example.org}>, "
        "size={int:900000}, nrcpt={int:9} (queue active)",
    ),
    (
        130,
        "postfix/{any:smtp|smtp|lmtp|local|virtual}[{int:32000}]: "
        + _QUEUED
        + ": to=<"
        + _MAIL
        + ">,{any:|| orig_to=<root>,} relay={any:local|mx.example.net[198.51.100.7]:25|dovecot[private/lmtp]}, "
        "delay={float:90}, delays={float:9}/{float:1}/{float:2}/{float:3}, {any:dsn=2.0.0, status=sent (250 2.0.0 Ok: "
        "queued as 4F0A1)|dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 9C7B2)|dsn=2.0.0, status=sent (delivered to "
        "maildir)|dsn=4.7.1, status=deferred (host mx.example.net[198.51.100.7] said: 451 4.7.1 Greylisted, try again "
        "later (in reply to RCPT TO command))|dsn=5.1.1, status=bounced (host mx.example.net[198.51.100.7] said: 550 "
        "5.1.1 User unknown (in reply to RCPT TO command))}",
    ),
    (110, "postfix/qmgr[{int:900}]: " + _QUEUED + ": removed"),
    (
        5,
        "postfix/qmgr[{int:900}]: "
        + _QUEUED
        + ": from=<"
        + _MAIL
        + ">, status={any:expired|force-expired}, returned to "
        "sender",
    ),
    (
        60,
        "postfix/smtpd[{int:32000}]: lost connection after {any:CONNECT|EHLO|AUTH|UNKNOWN|DATA (1024 bytes)|RCPT} from "
        + _PEER,
    ),
    (
        50,
        "postfix/smtpd[{int:32000}]: NOQUEUE: reject: {any:RCPT|RCPT|CONNECT} from " + _PEER + ": {any:554 5.7.1 "
        "<kalo@example.org>: Relay access denied|450 4.7.25 Client host rejected: cannot find your hostname|550 5.1.1 "
        "<mi@example.com>: Recipient address rejected: User unknown in local recipient table}; from=<"
        + _MAIL
        + "> to=<"
        + _MAIL
        + "> proto={any:ESMTP|SMTP} helo=<{host}>",
    ),
    (
        60,
        "postfix/smtpd[{int:32000}]: warning: hostname {host} does not resolve to address {ip}"
        "{any:|: Name or service not known}",
    ),
    (
        60,
        "postfix/smtpd[{int:32000}]: warning: " + _PEER + ": SASL {any:LOGIN|PLAIN} authentication failed: "
        "{any:UGFzc3dvcmQ6|authentication failure|Connection lost to authentication server}",
    ),
    (
        15,
        "postfix/smtpd[{int:32000}]: improper command pipelining after {any:EHLO|HELO|CONNECT} from "
        + _PEER
        + ": {any:QUIT\\r\\n|MAIL FROM:<kalo@example.org>\\r\\n}",
    ),
    (
        20,
        "postfix/smtp[{int:32000}]: connect to {host}[{ip}]:25: {any:Connection timed out|Connection refused|No "
        "route to host}",
    ),
    (
        50,
        "postfix/smtp[{int:32000}]: {any:Untrusted|Trusted|Verified|Anonymous} TLS connection established to "
        "{host}[{ip}]:25: "
        "{any:TLSv1.3|TLSv1.2} with cipher {any:TLS_AES_256_GCM_SHA384|ECDHE-RSA-AES128-GCM-SHA256} "
        "({any:256/256|128/128} bits)",
    ),
    (20, "postfix/bounce[{int:32000}]: " + _QUEUED + ": sender non-delivery notification: " + _QUEUED),
    (
        20,
        "postfix/anvil[{int:32000}]: statistics: max connection rate {int:30}/60s for ({any:smtp|submission}:{ip}) at "
        "{stamp:%b %d %H:%M:%S}",
    ),
    (
        20,
        "postfix/anvil[{int:32000}]: statistics: max connection count {int:30} for ({any:smtp|submission}:{ip}) at "
        "{stamp:%b %d %H:%M:%S}",
    ),
    (20, "postfix/anvil[{int:32000}]: statistics: max cache size {int:30} at {stamp:%b %d %H:%M:%S}"),
    (30, "postfix/pickup[{int:32000}]: " + _QUEUED + ": uid={any:0|33|1000} from=<{any:root|www-data|app}>"),
    (1, "postfix/master[{int:900}]: daemon started -- version 3.{int:9}.{int:20}, configuration /etc/postfix"),
    (
        4,
        "postfix/master[{int:900}]: warning: process /usr/lib/postfix/sbin/{any:smtpd|smtp|cleanup} pid "
        "{int:32000} exit "
        "status {any:1|2}",
    ),
]

SERVERS: dict[str, Statements] = {
    "nginx": _NGINX,
    "haproxy": _HAPROXY,
    "postfix": _POSTFIX,
}
