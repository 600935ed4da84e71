"""What can be said about an import that fails."""

from __future__ import annotations

from dataclasses import replace

from shakeout.evidence.model import Locator
from shakeout.why import Claim, Family, GuardSpec, Layer, claim

NODE_STARTED = GuardSpec(
    name="start of the built image",
    kind="command",
    arguments=(
        r"docker(?:\s+compose)?\s+run\b.*(?:\bnode\b|\bnpm\b|smoke|check)",
        r"\bnode\s+(?:-e|--eval|-p)\b.*\b(?:require|import)\b",
        r"container-structure-test",
        r"shakeout\s+(?:up|verify)",
    ),
    missing="nothing in the repository's checks loads the scripts as they are built and run",
    add="- run: docker run --rm IMAGE node -e 'import(\"./src/main.js\")'  # after the build, with what `npm ci` gives",
)

imports = Family(
    "imports",
    "An import finds no module, or not the name that it asks for",
    guard=GuardSpec(
        name="import of the built image",
        kind="command",
        arguments=(
            r"docker(?:\s+compose)?\s+run\b.*(?:python\S*\s+-c|pytest|import|smoke|check|--version)",
            r"python3?\s+-c\s+[\"']?import\b",
            r"container-structure-test",
            r"\b(?:mypy|pyright|basedpyright|pytype)\b",
            r"\bdeptry\b|\bpip\s+check\b|--enable=(?:\S*,)?(?:E0401|import-error)",
            r"shakeout\s+(?:up|verify)",
        ),
        missing="nothing in the repository's checks imports the application as it is built, or checks its imports",
        add="- run: docker run --rm IMAGE python -c 'import yourpackage.main'  # as a step after the build",
        scripts=replace(
            NODE_STARTED, arguments=(*NODE_STARTED.arguments, r"\b(?:tsc|vue-tsc|depcheck|knip|depcruise)\b")
        ),
    ),
)  # fmt: skip


@claim(Layer.MECHANISM)
class ModuleAbsent(Claim):
    """A module was imported, and nothing of that name was found where the running program looks for modules."""

    module: str
    at: Locator | None
    node: bool = False
    """Whether Node.js looked for it; otherwise Python did."""
    named: bool = False
    """Whether the line has only its name, as settings have, and something else imports it."""

    def __str__(self) -> str:
        where = f", which {self.at} {'names' if self.named else 'imports'}," if self.at is not None else ""
        return f"the module '{self.module}'{where} was not found by the running program"

    def why(self) -> str:
        return f"Why is there no module '{self.module}'?"


@claim(Layer.MECHANISM)
class FileNotThere(Claim):
    """A file that the application opens was not there."""

    path: str

    def __str__(self) -> str:
        return f"the file {self.path} was not there when the program opened it"


@claim(Layer.STATE)
class FileAbsentFromImage(Claim):
    """A file is in the repository at the deployed commit and not in the image."""

    path: str
    image: str

    def __str__(self) -> str:
        return f"{self.path} is in the repository and not in the image of {self.image}"

    def why(self) -> str:
        return f"Why is {self.path} missing from the image?"


@claim(Layer.DECLARATION)
class ExcludedFromBuildContext(Claim):
    """A pattern of an ignore file keeps a file out of the build context."""

    path: str
    pattern: str
    at: Locator

    def __str__(self) -> str:
        return f"the pattern '{self.pattern}' at {self.at} keeps {self.path} out of the build context"

    def title(self) -> str:
        return f"{self.at} keeps {self.path} out of the image"


@claim(Layer.DECLARATION)
class NotCopied(Claim):
    """No instruction of the Dockerfile copies a file that the program needs; `at` is what it copies last."""

    path: str
    at: Locator

    def __str__(self) -> str:
        return f"no instruction of {self.at.path} copies {self.path} into the image"

    def title(self) -> str:
        return f"{self.at.path} does not copy {self.path}"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class BelongsToAnotherImage(Claim):
    """A file is imported by one service and lies only in the image of another."""

    path: str
    image: str
    other: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} imports {self.path}, which is part of the image of {self.other} and not of {self.image}"


@claim(Layer.DECLARATION)
class PackageNotRequired(Claim):
    """A package is imported that none of the files that say what is installed asks for."""

    module: str
    distribution: str
    assumed: bool
    at: Locator

    def __str__(self) -> str:
        named = f"{self.distribution}{' (assuming that this is its name)' if self.assumed else ''}"
        return f"{self.at.path} does not ask for {named}, which provides '{self.module}'"

    def title(self) -> str:
        return f"'{self.module}' is imported and {self.distribution} is not in {self.at.path}"

    def why(self) -> str:
        return f"Why does {self.at.path} not ask for {self.distribution}?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class RequiredOnlyFor(Claim):
    """A package is asked for in a group that is not installed where the application runs."""

    module: str
    distribution: str
    group: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} asks for {self.distribution} only for '{self.group}', and the application imports it"

    def title(self) -> str:
        return f"{self.distribution} is only required for '{self.group}'"


@claim(Layer.DECLARATION)
class ModuleMoved(Claim):
    """An import names a module by a name that it no longer has."""

    module: str
    now: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} still imports '{self.module}', which was moved to {self.now}"

    def why(self) -> str:
        return f"Why does {self.at} still import '{self.module}'?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class ModuleDeleted(Claim):
    """An import names a module that was taken out of the repository."""

    module: str
    path: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} still imports '{self.module}', and {self.path} was deleted"

    def why(self) -> str:
        return f"Why is {self.path} gone?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class ModuleNeverCommitted(Claim):
    """An import names a module of the repository's own package that no commit ever had."""

    module: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} imports '{self.module}', and no commit of the repository has such a file"


@claim(Layer.MECHANISM)
class NameNotExported(Claim):
    """A module was found, and the name that is imported from it was not (or not yet) bound in it."""

    name: str
    path: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} imports '{self.name}' from {self.path}, which did not have it at that moment"

    def why(self) -> str:
        return f"Why does {self.path} not have '{self.name}'?"


@claim(Layer.DECLARATION)
class ExportRenamed(Claim):
    """A name was renamed in its module, and an import kept the old one."""

    name: str
    now: str
    path: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} still imports '{self.name}' from {self.path}, where it is called '{self.now}' now"

    def why(self) -> str:
        return f"Why does {self.at} still import '{self.name}'?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class ExportRemoved(Claim):
    """A name was taken out of its module, and an import of it stayed."""

    name: str
    path: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} still imports '{self.name}', which was taken out of {self.path}"

    def why(self) -> str:
        return f"Why is '{self.name}' no longer in {self.path}?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class ShakeoutsPython(Claim):
    """A line starts a service with the interpreter of shakeout, which does not have what the application needs."""

    service: str
    module: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} starts {self.service} with ${{python}}, the Python of shakeout, which has no '{self.module}'"

    def title(self) -> str:
        return f"{self.service} is started with the Python of shakeout, which has no '{self.module}'"

    def why(self) -> str:
        return f"Why does {self.at} say ${{python}}?"


@claim(Layer.DECLARATION)
class ExportNeverThere(Claim):
    """A line imports a name that its module does not have and never had."""

    name: str
    path: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} imports '{self.name}', which {self.path} does not have and never had"

    def why(self) -> str:
        return f"Why does {self.at} import '{self.name}'?"


@claim(Layer.DECLARATION)
class CircularImport(Claim):
    """Modules import each other while they are loaded; `at` is the import that closes the circle."""

    modules: tuple[str, ...]
    at: Locator

    def __str__(self) -> str:
        return (
            f"{' imports '.join((*self.modules, self.modules[0]))} while they are loaded; {self.at} closes the circle"
        )

    def title(self) -> str:
        return f"Circular import: {' → '.join((*self.modules, self.modules[0]))}"

    def why(self) -> str:
        return "Why do these modules import each other?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.STATE)
class BuildProductAbsent(Claim):
    """A file that a step of the build makes is not in the repository, and was not there when the program ran."""

    path: str
    step: str
    made_at: Locator
    user: Locator | None

    def __str__(self) -> str:
        return f"{self.path}, which `{self.step}` makes ({self.made_at}), was not there when the program ran"

    def why(self) -> str:
        return f"Why was {self.path} not made?"


@claim(Layer.DECLARATION)
class BuildStepNotRun(Claim):
    """No instruction of a Dockerfile runs the step that makes a file; `at` is its last one that copies or runs."""

    path: str
    step: str
    at: Locator
    made_at: Locator

    def __str__(self) -> str:
        return f"no instruction of {self.at.path} runs `{self.step}` ({self.made_at}), which makes {self.path}"

    def title(self) -> str:
        return f"{self.at.path} does not run `{self.step}`, which makes {self.path}"

    def why(self) -> str:
        return f"Why does {self.at.path} not run `{self.step}`?"

    def blamed(self) -> Locator | None:
        return None
