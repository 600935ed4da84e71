"""What a caller's own error says of the request that it made and of the answer that it got."""

from __future__ import annotations

import re

from shakeout.logs.errorlog import Occurrence
from shakeout.logs.quotes import quoted_only
from shakeout.logs.requests import path_in
from shakeout.logs.tracebacks.model import Raised
from shakeout.why import Claim, Layer, claim

_URL = r"(?P<url>https?://[^\s'\"`<>)\],]{1,2000})"
_METHOD = r"(?P<method>GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)"
_STATUS = r"(?P<status>[45]\d\d)"
_ASKED = (
    re.compile(rf"\b{_STATUS} (?:Client|Server) Error: [^\n]{{0,200}}? for url: {_URL}"),  # requests
    re.compile(rf"\b(?:Client|Server) error '{_STATUS} [^'\n]{{0,80}}' for url '{_URL}'"),  # httpx
    re.compile(rf"\b{_STATUS}, message=(?:'[^'\n]*'|\"[^\"\n]*\"), url=(?:URL\()?'?{_URL}"),  # aiohttp
    re.compile(rf"\[{_STATUS}[^\]\n]{{0,60}}\] during \[{_METHOD}\] to \[{_URL}"),  # Feign
    re.compile(rf"\b{_STATUS} [A-Z][\w ]{{1,40}} from {_METHOD} {_URL}"),  # Spring's WebClient
    re.compile(rf"`{_METHOD} {_URL}` resulted in a `{_STATUS} "),  # Guzzle
    re.compile(  # ky, got, Faraday and own words
        rf"\bstatus(?: code)?:? {_STATUS}\b[^\n]{{0,60}}?(?:\b{_METHOD} |\bfrom |\bfor |\bat |: ){_URL}", re.I
    ),
    re.compile(  # own words: `GET http://stock/items answered 404`, `call to http://stock/items failed: 404`
        rf"(?:\b{_METHOD} )?\b{_URL}[\"'`]?:? (?:was |has )?(?:(?:answer|return|respond)(?:s|ed)|failed|gave"
        rf"|got|request failed|unexpected status)\b[^\n\d]{{0,40}}?\b{_STATUS}\b"
    ),
    re.compile(rf"\b{_METHOD} \"?{_URL}\"?: (?:HTTP )?{_STATUS}\b"),
)
_STATUS_CODE = re.compile(rf"\b(?:status code|Response code) {_STATUS}\b")  # axios, got
_DATABASE = re.compile(r"\bDB::Exception\b|\bClickHouse\b|\bSQLSTATE\b")


@claim(Layer.MECHANISM)
class CallAnswered(Claim):
    """A service asked another one and got an error for an answer. `url` is without its query."""

    service: str | None
    method: str | None
    url: str
    status: int

    def __str__(self) -> str:
        return f"{self.service or 'the application'} asked {self._request} and was answered {self.status}"

    def title(self) -> str:
        return f"{self._request} answers {self.service or 'the application'} with {self.status}"

    def why(self) -> str:
        return f"Why is {self._request} answered with {self.status}?"

    @property
    def _request(self) -> str:
        return f"{self.method} {self.url}" if self.method else self.url

    @property
    def path(self) -> str:
        return path_in(self.url)

    @property
    def host(self) -> str:
        """The host without its port."""
        return re.sub(r":\d{1,5}\Z", "", self.url.partition("://")[2].partition("/")[0]).lower()


def _noted(raised: Raised) -> tuple[str | None, str] | None:
    """(method, address) by the properties that an HTTP client's error of Node.js is printed with."""
    noted = dict(note.split(": ", 1) for note in raised.notes if note.startswith(("url: ", "method: ")))
    url = noted.get("url", "")
    if not url.startswith(("http://", "https://")):
        return None
    return (noted["method"].upper() if "method" in noted else None), url.partition("?")[0].partition("#")[0]


def call_in(item: Occurrence) -> CallAnswered | None:
    """The answered call that a service's logged error tells of; None where it tells of none."""
    if item.origin != "service" or item.system:
        return None
    texts = [item.text]
    if item.traceback is not None:
        texts = [raised.message for raised in item.traceback.exceptions[:3]]
        for raised in item.traceback.exceptions[:3]:
            if (found := _STATUS_CODE.search(raised.message)) is not None and (told := _noted(raised)) is not None:
                return CallAnswered(item.owner, told[0], told[1], int(found["status"]))
    for text in texts:
        if _DATABASE.search(text) is not None:
            continue  # a database that is asked by HTTP: its own words say more than the status
        for pattern in _ASKED:
            found = pattern.search(text[:3000])
            if found is not None and not (item.traceback is None and quoted_only(text[:2000], pattern)):
                groups = found.groupdict()
                url = groups["url"].partition("?")[0].partition("#")[0].rstrip(".:;")
                return CallAnswered(item.owner, groups.get("method"), url, int(groups["status"]))
    return None
