"""What may be true of a connection that fails, from what broke to the line that says so."""

from __future__ import annotations

from shakeout.evidence.model import Locator
from shakeout.why import Claim, Layer, claim


def _points(at: Locator, target: str, address: str) -> str:
    """`FILE:LINE points TARGET to ADDRESS`, or `names ADDRESS` where nothing says what is to be found there."""
    return f"{at} names {address}" if target == address else f"{at} points {target} to {address}"


def _points_to_host(at: Locator, target: str, host: str, what: str = "host") -> str:
    named = target.rpartition(":")[0] or target
    return f"{at} names the {what} {host}" if named == host else f"{at} points {target} to the {what} {host}"


@claim(Layer.MECHANISM)
class ConnectionsFail(Claim):
    """Connections to one address fail. `service` is who connects, only where no address is known."""

    target: str | None
    address: str | None
    service: str | None = None

    def __str__(self) -> str:
        return f"connections {self.where} fail"

    def why(self) -> str:
        return f"Why do connections {self.where} fail?"

    @property
    def where(self) -> str:
        """`to clickhouse at 127.0.0.1:8123`, as far as it is known."""
        if self.address is None:
            return f"of {self.service}" if self.service else "to an address that nothing names"
        return f"to {self.target} at {self.address}" if self.target else f"to {self.address}"


@claim(Layer.STATE)
class NothingListens(Claim):
    """The machine answers that nothing listens on the port."""

    target: str | None
    address: str

    def __str__(self) -> str:
        return f"nothing listens at {self.address}: the connection is refused"

    def why(self) -> str:
        return f"Why does nothing listen at {self.address}?"


@claim(Layer.STATE)
class NameUnknown(Claim):
    """The host's name has no address."""

    target: str | None
    address: str
    host: str

    def __str__(self) -> str:
        return f"the name {self.host} has no address"

    def why(self) -> str:
        return f"Why is the name {self.host} unknown?"


@claim(Layer.STATE)
class NoAnswer(Claim):
    """Nothing comes back from the address in time."""

    target: str | None
    address: str

    def __str__(self) -> str:
        return f"{self.address} does not answer in time"

    def why(self) -> str:
        return f"Why does {self.address} not answer?"


@claim(Layer.STATE)
class CertificateRefused(Claim):
    """The server's certificate is not accepted; `fault` says what is wrong with it, as a clause."""

    target: str | None
    address: str
    fault: str

    def __str__(self) -> str:
        return f"the certificate of {self.address} is refused: {self.fault}"

    def why(self) -> str:
        return f"Why is that certificate met at {self.address}?"


@claim(Layer.STATE)
class SchemesDiffer(Claim):
    """One side speaks TLS and the other plain text."""

    target: str | None
    address: str

    def __str__(self) -> str:
        return f"one side speaks TLS at {self.address} and the other plain text"

    def why(self) -> str:
        return f"Why is {self.address} asked in a way that it does not speak?"


@claim(Layer.STATE)
class CredentialsRefused(Claim):
    """The server is there and does not accept the user or the password."""

    target: str | None
    address: str | None

    def __str__(self) -> str:
        return f"{self.address or 'the server'} answers, and does not accept the user or the password"

    def why(self) -> str:
        return f"Where do the user and the password for {self.address or 'the server'} come from?"


@claim(Layer.STATE)
class DatabaseMissing(Claim):
    """The server (or the file system) is there, and has no such database."""

    target: str | None
    address: str | None
    database: str | None

    def __str__(self) -> str:
        if self.address and self.address.startswith(("/", "$")):
            return f"there is no database at {self.address}, and none can be made there"
        named = f"no database '{self.database}'" if self.database else "no database of that name"
        return f"{self.address or 'the server'} answers, and has {named}"

    def why(self) -> str:
        return f"Where does the name of that database come from{f' ({self.database})' if self.database else ''}?"


@claim(Layer.STATE)
class AnotherServer(Claim):
    """Something answers at the address, and it is not what is expected there."""

    target: str | None
    address: str

    def __str__(self) -> str:
        return f"what answers at {self.address} is not {self.target or 'the server that is expected there'}"

    def why(self) -> str:
        return f"Why is {self.target or 'it'} looked for at {self.address}?"


@claim(Layer.STATE, actionable=True)
class StillStarting(Claim):
    """The server is there and is not ready: it is starting, shutting down or loading its data."""

    target: str | None
    address: str | None

    def __str__(self) -> str:
        return f"{self.target or self.address or 'the server'} is still starting, and nothing waits until it is ready"

    def title(self) -> str:
        return f"{self.target or self.address or 'The server'} was asked before it was ready"


@claim(Layer.STATE, actionable=True)
class ConnectionsUsedUp(Claim):
    """The server takes no more connections."""

    target: str | None
    address: str | None

    def __str__(self) -> str:
        return f"{self.target or self.address or 'the server'} has no connection left to give"

    def title(self) -> str:
        return f"{self.target or self.address or 'the server'} takes no more connections"


@claim(Layer.STATE)
class NotProvisioned(Claim):
    """The environment's inventory has no such backing service."""

    target: str
    environment: str
    address: str

    def __str__(self) -> str:
        return f"the environment {self.environment} has no {self.target}: its inventory finds none at {self.address}"

    def why(self) -> str:
        return f"Why is {self.target} expected at {self.address}, where the environment has none?"


@claim(Layer.STATE)
class RunsElsewhere(Claim):
    """What is looked for runs in this environment, at another address."""

    target: str
    address: str
    actual: str

    def __str__(self) -> str:
        return f"{self.target} runs at {self.actual}, not at {self.address}"

    def why(self) -> str:
        return f"Why is {self.target} looked for at {self.address}?"


@claim(Layer.STATE, actionable=True)
class UndeclaredAddress(Claim):
    """Neither the manifest nor the repository declares the address: it comes from a default."""

    target: str | None
    address: str
    environment: str

    def __str__(self) -> str:
        return f"nothing declares {self.address} in the environment {self.environment}: it comes from a default"

    def title(self) -> str:
        return f"{self.target or self.address} is used and not declared in the environment {self.environment}"


@claim(Layer.STATE)
class PrivateAddress(Claim):
    """The address is a private one, and the platform reaches those only through a connector."""

    target: str | None
    address: str
    platform: str

    def __str__(self) -> str:
        return f"{self.address} is a private address, which {self.platform} reaches only through a network connector"

    def why(self) -> str:
        return f"Why is {self.address} used without a connector?"


@claim(Layer.DECLARATION)
class AddressWithoutServer(Claim):
    """A line names an address at which this environment has no server."""

    target: str
    address: str
    at: Locator

    def __str__(self) -> str:
        return f"{_points(self.at, self.target, self.address)}, and nothing answers there"

    def why(self) -> str:
        return f"Why does {self.at} name {self.address}?"

    def title(self) -> str:
        what = self.address if self.target == self.address else f"{self.address} ({self.target})"
        return f"nothing answers at {what}, which {self.at} names"


@claim(Layer.DECLARATION)
class UnknownNameDeclared(Claim):
    """A line names a host that has no address here."""

    target: str
    host: str
    at: Locator

    def __str__(self) -> str:
        return f"{_points_to_host(self.at, self.target, self.host)}, a name that is not known in this environment"

    def why(self) -> str:
        return f"Why does {self.at} name {self.host}?"

    def title(self) -> str:
        return _points_to_host(self.at, self.target, self.host, "unknown host")


@claim(Layer.DECLARATION)
class SilentAddressDeclared(Claim):
    """A line names an address that takes connections and does not answer, or does not answer at all."""

    target: str
    address: str
    at: Locator

    def __str__(self) -> str:
        return f"{_points(self.at, self.target, self.address)}, which does not answer"

    def why(self) -> str:
        return f"Why does {self.at} name {self.address}?"

    def title(self) -> str:
        where = "" if self.target == self.address else f" at {self.address}"
        return f"{self.target} does not answer{where}, where {self.at} points"


@claim(Layer.DECLARATION)
class WrongAddressDeclared(Claim):
    """A line names another address than the one at which the target runs."""

    target: str
    address: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} points to {self.address} for {self.target}, which is not where it is"

    def why(self) -> str:
        return f"Why does {self.at} name {self.address}?"

    def title(self) -> str:
        return f"{self.at} looks for {self.target} at the wrong address"


@claim(Layer.DECLARATION)
class WrongSchemeDeclared(Claim):
    """A line asks a plain server for TLS, or a TLS server for plain text."""

    target: str
    scheme: str
    address: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} asks {self.target} at {self.address} with {self.scheme}, which it does not speak"

    def why(self) -> str:
        return f"Why does {self.at} say {self.scheme}?"

    def title(self) -> str:
        return f"{self.at} asks {self.target} with {self.scheme}, which it does not speak"


@claim(Layer.DECLARATION)
class CertificateExpected(Claim):
    """A line names a host whose certificate this environment does not accept."""

    target: str
    address: str
    fault: str
    at: Locator

    def __str__(self) -> str:
        return f"{_points(self.at, self.target, self.address)}, whose certificate is not accepted: {self.fault}"

    def why(self) -> str:
        return f"Why does {self.at} name {self.address}?"


@claim(Layer.DECLARATION)
class WrongCredentialsDeclared(Claim):
    """The line that gives the address with its user and password (or the secret that does), or with no password."""

    target: str
    address: str
    at: Locator
    password: bool = True

    def __str__(self) -> str:
        if not self.password:
            return f"{self.at} names no password for {self.target}, which does not accept that"
        return f"{self.at} says which user and password {self.target} is asked with, and they are not accepted"

    def why(self) -> str:
        if not self.password:
            return f"Why does {self.at} name no password?"
        return f"Why does {self.at} name credentials that are not accepted?"

    def title(self) -> str:
        if not self.password:
            return f"{self.target} wants a password, and {self.at} names none"
        return f"{self.target} does not accept the user or the password of {self.at}"


@claim(Layer.DECLARATION)
class WrongDatabaseDeclared(Claim):
    """A line names a database (or a file) that is not there."""

    target: str
    database: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} names the database {self.database}, which is not there"

    def why(self) -> str:
        return f"Why does {self.at} name {self.database}?"

    def title(self) -> str:
        return f"{self.at} names the database {self.database}, which is not there"
