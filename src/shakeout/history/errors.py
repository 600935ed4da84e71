"""
What can go wrong between us and ClickHouse.

    HistoryError                    ClickHouse could not do what was asked; counted by the breaker
    ├── ConnectionRefusedByHostError  nothing listens at the address
    ├── UnknownHostError            the name does not resolve
    ├── TimedOutError               no answer in time
    ├── TLSFailedError              no trusted encrypted connection
    ├── AuthenticationFailedError   user or password is not accepted
    ├── DatabaseMissingError        the server has no database of that name
    ├── NotClickHouseError          something answers, and it is not ClickHouse
    ├── FolderInUseError            another process has the embedded database's folder
    └── StatementFailedError        ClickHouse answered with another error; `code` is ClickHouse's own
        └── DataRefusedError        it cannot read the data that was sent: trying again is of no use
    CircuitBreakerOpenError         not tried at all
    SpoolError                      the spool on disk cannot be written or read
"""

from __future__ import annotations

from shakeout.errors import ShakeoutError


class HistoryError(ShakeoutError):
    """
    ClickHouse could not do what was asked.

    `address` is host:port or a folder, without secrets; `text` is the error text of the library or the server;
    `kind` is a short name for the class of error.
    """

    kind = "unavailable"
    says = "cannot be used"

    def __init__(self, address: str, text: str) -> None:
        super().__init__(f"ClickHouse at {address} {self.says}: {text}")
        self.address = address
        self.text = text


class ConnectionRefusedByHostError(HistoryError):
    """Nothing listens at the address."""

    kind = "refused"
    says = "refused the connection"


class UnknownHostError(HistoryError):
    """The name does not resolve."""

    kind = "unknown-host"
    says = "has a host name that does not resolve"


class TimedOutError(HistoryError):
    """No answer in time."""

    kind = "timed-out"
    says = "did not answer in time"


class TLSFailedError(HistoryError):
    """No trusted encrypted connection could be made."""

    kind = "tls"
    says = "could not be reached over TLS"


class AuthenticationFailedError(HistoryError):
    """The user or the password is not accepted."""

    kind = "authentication"
    says = "refused the user or the password"


class DatabaseMissingError(HistoryError):
    """The server has no database of that name."""

    kind = "database-missing"
    says = "has no such database"


class NotClickHouseError(HistoryError):
    """Something answers at the address, and it is not ClickHouse."""

    kind = "not-clickhouse"
    says = "does not answer as ClickHouse does"


class FolderInUseError(HistoryError):
    """Another process has the embedded database's folder."""

    kind = "in-use"
    says = "is in use by another process"


class StatementFailedError(HistoryError):
    """ClickHouse answered with an error; `code` is ClickHouse's own number, 0 where it gave none."""

    kind = "statement"
    says = "answered with an error"

    def __init__(self, address: str, text: str, code: int = 0) -> None:
        super().__init__(address, text)
        self.code = code


class DataRefusedError(StatementFailedError):
    """ClickHouse cannot read the data that was sent; sending it again is of no use."""

    kind = "data"
    says = "cannot read the data"


class CircuitBreakerOpenError(ShakeoutError):
    """The breaker is open: the call was not tried. `code` and `reason` are the two halves of its text."""

    code = "SERVICE_UNAVAILABLE"

    def __init__(self, name: str) -> None:
        self.name = name
        self.reason = f"Circuit breaker '{name}' is OPEN"
        super().__init__(f"{self.code}: {self.reason}")


class SpoolError(ShakeoutError):
    """The spool on disk cannot be written or read; nothing of the failed write is kept."""


_AUTHENTICATION = {192, 193, 194, 195, 497, 516}
_DATABASE = {81}
_DATA = {6, 25, 26, 27, 28, 38, 41, 53, 69, 70, 72, 117, 130, 131, 321}
_TIMEOUT = {159, 160, 209}


def from_code(address: str, text: str, code: int) -> HistoryError:
    """The typed error for ClickHouse's own error number and text."""
    text = text.strip()[:500]
    if code in _AUTHENTICATION:
        return AuthenticationFailedError(address, text)
    if code in _DATABASE:
        return DatabaseMissingError(address, text)
    if code in _TIMEOUT:
        return TimedOutError(address, text)
    if code in _DATA:
        return DataRefusedError(address, text, code)
    return StatementFailedError(address, text, code)
