"""How platforms, and servers that keep workers, say that something ended, was not ready, or did not answer."""

from __future__ import annotations

import re

from shakeout.logs.tool_words import failed_step

SIGNALS = {4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL", 11: "SIGSEGV", 15: "SIGTERM"}

_EXIT = (
    re.compile(r"\bContainer called exit\((?P<status>\d{1,3})\)"),
    re.compile(r"\b(?:container|process|instance|worker|app|task)\b[^\n]{0,80}?\bexit(?:ed|ing)?\b[^\n]{0,30}?"
               r"\b(?:code|status)\b[ :=(]{0,3}(?P<status>\d{1,3})", re.I),
    re.compile(r"\bExit Code:\s{0,10}(?P<status>\d{1,3})"),
    re.compile(r"\bexited with (?:code|status) (?P<status>\d{1,3})"),
    re.compile(r"\bexited \((?P<status>\d{1,3})\)", re.I),
    re.compile(r"\b(?:process|control process) exited, code=(?:exited|dumped), status=(?P<status>\d{1,3})\b", re.I),
)  # fmt: skip
_SIGNAL = (
    re.compile(
        r"\b(?:terminated|killed|ended|exited|crashed)\b[^\n]{0,40}?\bsignal:?\s{0,3}\(?(?P<number>\d{1,2})\b", re.I
    ),
    re.compile(r"\bUncaught signal: (?P<number>\d{1,2})\b"),
    re.compile(r"\bwas sent (?P<name>SIG[A-Z]{3,6})\b"),
    re.compile(r"\bprocess exited, code=(?:killed|dumped), status=(?P<number>\d{1,2})/"),
)
BOOT = re.compile(
    r"\bWorker failed to boot\b|\bShutting down: Master\b|\bBack-off restarting failed container\b|\bCrashLoopBackOff\b"
    r"|\bcrash loop\b|\bApplication startup failed\. Exiting\b",
    re.I,
)
NOT_READY = re.compile(
    r"\b(?:startup|liveness|readiness)\b[^\n]{0,40}\bprobe (?:failed|errored)\b"
    r"|failed to start and (?:then )?listen on the port|\bThe instance was not started\b"
    r"|Ready condition status changed to False|failed to become (?:healthy|ready)"
    r"|is not ready\b.{0,40}\b(?:deadline|timed? ?out)"
    r"|\bfailed (?:startup|liveness) probe, will be restarted\b",
    re.I,
)
"""How platforms say that an instance did not become ready."""

LIMIT = re.compile(
    r"\bmemory limit of (?P<limit>\d{1,7}) ?(?P<unit>[KMG]i?B?) exceeded|\bexceeded (?:its |the )?memory limit"
    r"|\bOOMKilled\b|\bOut of memory: Killed process\b|\bMemory cgroup out of memory\b|\boom-kill\b",
    re.I,
)
"""How platforms say that a memory limit was exceeded; `limit` and `unit` where they name it."""

KERNEL = re.compile(r"(?:\bMemory cgroup out of memory|\bOut of memory): Killed process \d+ \(")
"""The kernel's own words for it, which no application has."""

UPSTREAM = re.compile(
    r"HTTP response was malformed or connection to the instance had an error|\bupstream connect error\b"
    r"|\brequest failed because the instance (?:failed the readiness check|could not start)\b"
    r"|\brequest failed because the HTTP connection to the instance had an error\b"
    r"|\bupstream prematurely closed connection\b|\bconnect\(\) failed \([^)]{0,60}\) while connecting to upstream"
    r"|\bno live upstreams\b|\bbad gateway\b|\bservice unavailable\b|\bthere was no available instance\b",
    re.I,
)
_CLOSED_BEHIND = re.compile(
    r"\bupstream prematurely closed connection\b"
    r"|\bConnection reset by peer\) while reading response header from upstream"
    r"|\bupstream connect error or disconnect/reset before headers\b",
    re.I,
)
_REQUEST = re.compile(
    r"^(?:[A-Z]{3,7} )?(?:https?://|/)\S{0,2000} (?P<status>5\d\d)\b|\" (?P<logged>5\d\d) (?:\d|-|[A-Z][a-z])"
    r"|\b(?:status|code)[=: ]{1,2}(?P<said>5\d\d)\b"
)


def how_ended(text: str) -> str | None:
    """`exited with status 3`, `was ended by SIGKILL`; None for a text that does not say that something ended."""
    if failed_step(text) is not None:
        return None  # a command that builds an image is no process of a service
    for pattern in _SIGNAL:
        if found := pattern.search(text):
            groups = found.groupdict()
            number = int(groups["number"]) if groups.get("number") else None
            return f"was ended by {groups.get('name') or SIGNALS.get(number or 0, f'signal {number}')}"
    for pattern in _EXIT:
        if (found := pattern.search(text)) and found["status"] != "0":
            status = int(found["status"])
            return (
                f"was ended by {SIGNALS[status - 128]}" if status - 128 in SIGNALS else f"exited with status {status}"
            )
    return None


def is_failed_request(text: str) -> bool:
    """Whether a line says that a request failed, without saying why."""
    return bool(UPSTREAM.search(text) or _REQUEST.search(text))


_PATH = re.compile(
    r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (?:https?://[^/\s]{1,300})?(?P<path>/[^\s?\"']{1,2000})"
)


def path_of(text: str) -> str | None:
    """The path of the request that a line is about, where it is longer than `/`."""
    found = _PATH.search(text)
    return found["path"] if found is not None and len(found["path"]) > 1 else None


def blames_upstream(text: str) -> bool:
    """Whether a proxy says that what is behind it ended the connection: in words, or by status 502."""
    found = _REQUEST.search(text)
    return bool(_CLOSED_BEHIND.search(text) or (found and "502" in found.groups()))


def of_platform(text: str) -> bool:
    """Whether a line only reports what became of a service, so that it cannot be why it did."""
    return bool(
        how_ended(text) or BOOT.search(text) or NOT_READY.search(text) or LIMIT.search(text) or is_failed_request(text)
    )
