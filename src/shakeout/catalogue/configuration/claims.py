"""What can be said about a setting that is missing or refused. No claim holds a value."""

from __future__ import annotations

from shakeout.evidence.kubernetes_references import Stored
from shakeout.evidence.model import Locator
from shakeout.why import Claim, Family, GuardSpec, Layer, claim

configuration = Family(
    "configuration",
    "A setting is missing, or its value is not what the program takes",
    guard=GuardSpec(
        name="check of the settings before the deployment",
        kind="command",
        arguments=(
            r"manage\.py\s+check\b.*--deploy", r"python\S*\s+-m\s+[\w.]*(?:settings|config)\b",
            r"python\S*\s+-c\s+.*(?:[Ss]ettings|[Cc]onfig)", r"\bdotenv-linter\b", r"check[-_]?(?:env|config|settings)",
            r"docker\s+compose\s+.*config\s+(?:-q|--quiet)", r"shakeout\s+(?:up|verify)",
            r"env-schema|envalid|dotenv-safe",
        ),
        missing="nothing in the repository's checks loads the settings of the environment before it is deployed",
        add="- run: python -c 'from yourpackage.settings import Settings; Settings()'  # with the environment's values",
        scripts=GuardSpec(
            name="check of the settings before the deployment",
            kind="command",
            arguments=(
                r"\bdotenv-linter\b", r"check[-_]?(?:env|config|settings)", r"shakeout\s+(?:up|verify)",
                r"docker\s+compose\s+.*config\s+(?:-q|--quiet)", r"env-schema|envalid|dotenv-safe",
                r"\bnode\s+\S*(?:settings|config|env)\S*",
            ),
            missing="nothing in the repository's checks loads the settings of the environment before it is deployed",
            add="- run: node -e 'require(\"./src/settings\")'  # with the environment's values",
        ),
    ),
)  # fmt: skip


@claim(Layer.MECHANISM)
class VariableUnset(Claim):
    """The program needs an environment variable that is not set where it runs."""

    variable: str
    service: str | None
    at: Locator | None

    def __str__(self) -> str:
        where = f", which {self.at} reads," if self.at is not None else ""
        return f"the variable {self.variable}{where} is not set{f' for {self.service}' if self.service else ''}"

    def why(self) -> str:
        return f"Why is {self.variable} not set?"


@claim(Layer.MECHANISM)
class VariableRefused(Claim):
    """The program refuses the value that an environment variable has."""

    variable: str
    service: str | None
    at: Locator | None

    def __str__(self) -> str:
        where = f", which {self.at} reads," if self.at is not None else ""
        return f"the value of {self.variable}{where} was refused"

    def why(self) -> str:
        return f"Why was the value of {self.variable} refused?"


@claim(Layer.STATE, actionable=True)
class DeclaredNowhere(Claim):
    """No file that declares the deployment's settings sets the variable."""

    variable: str
    files: tuple[str, ...]
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} needs {self.variable}, and {' and '.join(self.files)} sets other variables and not this one"

    def title(self) -> str:
        return f"{self.variable} is set nowhere"

    def why(self) -> str:
        return f"Why is {self.variable} set nowhere?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class DeclaredForAnother(Claim):
    """A variable is set for one service and needed by another as well."""

    variable: str
    service: str
    others: tuple[str, ...]
    at: Locator
    needed_at: Locator | None

    def __str__(self) -> str:
        return f"{self.at} sets {self.variable} only for {', '.join(self.others)} and not for {self.service}"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class DeclaredUnderAnotherName(Claim):
    """A variable is set by nearly the name that the program reads, and nothing reads the name that is set."""

    variable: str
    declared: str
    at: Locator
    needed_at: Locator | None

    def __str__(self) -> str:
        return f"{self.at} sets {self.declared} where the program reads {self.variable}"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class ValueWrong(Claim):
    """The declared value of a variable is empty, a placeholder, or not what the program takes."""

    variable: str
    problem: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} sets {self.variable} to a value that {self.problem}"

    def title(self) -> str:
        return f"{self.variable} at {self.at} {self.problem}"

    def why(self) -> str:
        return f"Why does {self.at} say so?"


@claim(Layer.DECLARATION)
class ValidatorRefuses(Claim):
    """A check of the application's settings was made stricter than the values that are in use."""

    variable: str
    at: Locator
    value_at: Locator

    def __str__(self) -> str:
        return f"the check at {self.at} refuses the value that {self.value_at} gives {self.variable}"


@claim(Layer.STATE, actionable=True)
class StoredObjectAbsent(Claim):
    """A secret or a config map of Kubernetes does not exist where a container is started with it."""

    kind: Stored
    name: str
    service: str | None

    def __str__(self) -> str:
        return f"there is no {self.kind} '{self.name}' where {self.service or 'the container'} is started"

    def title(self) -> str:
        return f"The {self.kind} '{self.name}' does not exist{f' for {self.service}' if self.service else ''}"

    def why(self) -> str:
        return f"Why is there no {self.kind} '{self.name}'?"


@claim(Layer.STATE, actionable=True)
class StoredKeyAbsent(Claim):
    """A secret or a config map exists and lacks a key; `name` is None where only the volume is named."""

    kind: Stored
    name: str | None
    key: str
    service: str | None
    volume: str | None = None

    def __str__(self) -> str:
        named = f"the {self.kind} '{self.name}'" if self.name else f"the {self.kind} behind the volume '{self.volume}'"
        return f"{named} has no key '{self.key}'{f', which {self.service} is started with' if self.service else ''}"

    def why(self) -> str:
        return f"Why is there no key '{self.key}'?"


@claim(Layer.DECLARATION)
class StoredAskedFor(Claim):
    """A manifest asks for a secret, a config map or a key that is not there; `like` is one that is declared."""

    kind: Stored
    name: str
    key: str | None
    like: str | None
    at: Locator

    def __str__(self) -> str:
        what = (
            f"the key '{self.key}' of the {self.kind} '{self.name}'" if self.key else f"the {self.kind} '{self.name}'"
        )
        beside = f"; the repository declares '{self.like}'" if self.like else ""
        return f"{self.at} asks for {what}, which is not there{beside}"

    def why(self) -> str:
        return f"Why does {self.at} ask for it?"
