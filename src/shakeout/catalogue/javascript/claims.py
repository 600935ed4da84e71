"""The family and its claims."""

from __future__ import annotations

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
