"""The family and its claims."""

from __future__ import annotations

from shakeout.evidence.javascript_modules import Decided, kind_word
from shakeout.evidence.model import Locator
from shakeout.why import Claim, Family, GuardSpec, Layer, claim

javascript = Family(
    "javascript",
    "Source that Node.js cannot load, or a name in it that nothing declares",
    guard=GuardSpec(
        name="lint of the scripts",
        kind="command",
        arguments=(
            r"\beslint\b", r"\btsc\b", r"\bvue-tsc\b", r"\bbiome\s+(?:check|lint|ci)\b", r"\boxlint\b",
            r"\bstandard\b", r"\bxo\b",
        ),
        missing="nothing in the repository's checks reads the scripts as a linter or a type checker does",
        add="- run: npx eslint .  # in CI, with the rules no-undef and import/named",
    ),
)  # fmt: skip


@claim(Layer.DECLARATION)
class ExportMissing(Claim):
    """A line imports a name that its module does not export."""

    name: str
    module: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} imports '{self.name}', and {self.module} exports no such name"

    def title(self) -> str:
        return f"{self.module} does not export '{self.name}', which {self.at} imports"

    def why(self) -> str:
        return f"Why does {self.module} not export '{self.name}'?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class ScriptNameUndeclared(Claim):
    """A line uses a name that nothing in its file declares or imports."""

    name: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} uses '{self.name}', and nothing in {self.at.path} declares or imports it"

    def title(self) -> str:
        return f"'{self.name}' is neither declared nor imported in {self.at.path}"

    def why(self) -> str:
        return f"Why does {self.at.path} not declare or import '{self.name}'?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class ScriptUnreadable(Claim):
    """Node.js cannot read a file at a line."""

    what: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} is a line that Node.js cannot read ({self.what})"

    def why(self) -> str:
        return f"Why can Node.js not read {self.at}?"


@claim(Layer.STATE)
class ReadAsOtherKind(Claim):
    """Node.js reads a file as an ES module (`module`) or as CommonJS, and a line of it is written for the other."""

    path: str
    module: bool
    at: Locator

    def __str__(self) -> str:
        read, written = kind_word(module=self.module), kind_word(module=not self.module)
        return f"Node.js reads {self.path} as {read}, and {self.at} is written as {written}"

    def why(self) -> str:
        return f"Why does Node.js read {self.path} as {kind_word(module=self.module)}?"


@claim(Layer.STATE)
class LoadedAsCommonJS(Claim):
    """A line loads a file of the repository with `require()`, and Node.js takes that file for an ES module."""

    path: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} loads {self.path} with require(), and Node.js takes that for an ES module"

    def why(self) -> str:
        return f"Why is {self.path} an ES module?"


@claim(Layer.DECLARATION)
class KindDeclared(Claim):
    """
    What makes a file an ES module or CommonJS, while a line (`user`) needs it to be the other.

    `at` is the line of a package.json, or the whole of one that says nothing, or the file whose ending decides.
    """

    path: str
    module: bool
    decided: Decided
    at: Locator
    user: Locator

    def __str__(self) -> str:
        return f"{self._decision}, and {self._need}"

    def title(self) -> str:
        return f"{self.path} is {kind_word(module=self.module)} by {self.at}, and {self._need}"

    def why(self) -> str:
        return f"Why is {self.path} {kind_word(module=self.module)}?"

    def blamed(self) -> Locator | None:
        return None

    @property
    def _decision(self) -> str:
        kind = kind_word(module=self.module)
        if self.decided == "ending":
            return f"the name {self.path} makes it {kind}"
        if self.decided == "type":
            said = "module" if self.module else "commonjs"
            return f'{self.at} says `"type": "{said}"`, which makes {self.path} {kind}'
        where = (
            f"{self.at.path} says no `type`"
            if self.at.path != self.user.path
            else f"no package.json is above {self.path}"
        )
        return f"{where}, which makes {self.path} {kind}"

    @property
    def _need(self) -> str:
        if self.user.path != self.path:
            return f"{self.user} loads it with require()"
        return f"{self.user} is written as {kind_word(module=not self.module)}"


@claim(Layer.STATE)
class PackageDoesNotFit(Claim):
    """An installed package is not what a line takes it for: `how` says what it does not do."""

    package: str
    how: str
    at: Locator

    def __str__(self) -> str:
        return f"the installed {self.package} {self.how}, as {self.at} wants it"

    def why(self) -> str:
        return f"Why is that {self.package} installed?"


@claim(Layer.DECLARATION)
class PackageAskedFor(Claim):
    """A line of a package.json asks for a package in a version that a line (`user`) cannot use as it does."""

    package: str
    how: str
    at: Locator
    user: Locator

    def __str__(self) -> str:
        return f"{self.at} asks for {self.package}, which {self.how}, as {self.user} wants it"

    def title(self) -> str:
        return f"{self.package}, as {self.at} asks for it, {self.how}"

    def why(self) -> str:
        return f"Why do {self.at} and {self.user} not agree?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class EndingLeftOut(Claim):
    """A line of an ES module imports a file without the ending of its name, which Node.js does not guess there."""

    written: str
    path: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} imports '{self.written}', and the file is {self.path}: ES modules name a file in full"

    def title(self) -> str:
        return f"{self.at} imports '{self.written}' without the end of the file's name ({self.path})"

    def why(self) -> str:
        return f"Why does {self.at} not name {self.path} in full?"


@claim(Layer.DECLARATION)
class LettersDiffer(Claim):
    """A line imports a file by a name that differs from the file's own in capital letters alone."""

    written: str
    path: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} imports '{self.written}', and the file is {self.path}: they differ in capital letters"

    def why(self) -> str:
        return f"Why do {self.at} and {self.path} not agree?"

    def blamed(self) -> Locator | None:
        return None
