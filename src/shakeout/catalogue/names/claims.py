"""
What the family claims: one mechanism, and the declarations that are behind it.

A place that is not part of what makes two causes one (a second use of the same lost import) is not compared.
"""

from __future__ import annotations

from dataclasses import field

from shakeout.evidence.model import Locator
from shakeout.why import Claim, Layer, claim


class _NotBlamed(Claim):
    """A declaration that one line does not explain: its family says itself which commit did."""

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.MECHANISM)
class NameUnbound(Claim):
    """A name is looked up at a line of the repository where no scope binds it, or not yet."""

    unbound: str
    at: Locator

    def __str__(self) -> str:
        return f"the name '{self.unbound}' is used at {self.at} and is bound to nothing there"

    def why(self) -> str:
        return f"Why is '{self.unbound}' not bound at {self.at}?"


@claim(Layer.DECLARATION)
class MissingImport(_NotBlamed):
    """A file uses a name that it does not import, where its history or other modules show the import that binds it."""

    unbound: str
    statement: str
    path: str
    at: Locator = field(compare=False)

    def __str__(self) -> str:
        return f"{self.path} uses '{self.unbound}' at line {self.at.line} and lacks the import '{self.statement}'"

    def why(self) -> str:
        return f"Why does {self.path} lack the import of '{self.unbound}'?"

    def title(self) -> str:
        return f"'{self.unbound}' is not imported in {self.path}"


@claim(Layer.DECLARATION)
class MisspeltName(_NotBlamed):
    """A name was never bound in its file, and one that is nearly the same is."""

    unbound: str
    meant: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} says '{self.unbound}' where '{self.meant}' is bound"

    def title(self) -> str:
        return f"'{self.unbound}' at {self.at} is spelt differently from '{self.meant}'"

    def why(self) -> str:
        return f"Why does {self.at} say '{self.unbound}'?"


@claim(Layer.DECLARATION)
class BindingRenamed(_NotBlamed):
    """What bound a name was renamed, and this file kept the old name."""

    unbound: str
    renamed_to: str
    path: str
    at: Locator = field(compare=False)

    def __str__(self) -> str:
        return f"{self.at} still says '{self.unbound}', which was renamed to '{self.renamed_to}'"

    def title(self) -> str:
        return f"'{self.unbound}' was renamed to '{self.renamed_to}', and {self.path} still uses the old name"

    def why(self) -> str:
        return f"Why does {self.at} still say '{self.unbound}'?"


@claim(Layer.DECLARATION)
class BindingRemoved(_NotBlamed):
    """What bound a name was taken out of the file, and its use stayed."""

    unbound: str
    path: str
    at: Locator = field(compare=False)

    def __str__(self) -> str:
        return f"{self.at} uses '{self.unbound}', whose definition was taken out of the file"

    def why(self) -> str:
        return f"Why is the definition of '{self.unbound}' gone?"


@claim(Layer.DECLARATION)
class NeverBound(_NotBlamed):
    """A file uses a name that nothing in it ever bound, and nothing else in the repository says what was meant."""

    unbound: str
    path: str
    at: Locator = field(compare=False)

    def __str__(self) -> str:
        return f"{self.at} uses '{self.unbound}', which nothing in the file's history binds"

    def why(self) -> str:
        return f"Why does {self.at} use '{self.unbound}'?"


@claim(Layer.DECLARATION)
class UsedBeforeAssignment(_NotBlamed):
    """A function (or the module) assigns a name only after the line that uses it runs."""

    unbound: str
    at: Locator
    bound_at: Locator

    def __str__(self) -> str:
        return f"{self.at} uses '{self.unbound}' before {self.bound_at} assigns it"

    def why(self) -> str:
        return f"Why is '{self.unbound}' used at {self.at} before it is assigned?"


@claim(Layer.DECLARATION)
class BoundOnOneBranch(_NotBlamed):
    """A name is bound only on some of the paths that lead to its use."""

    unbound: str
    at: Locator
    bound_at: Locator

    def __str__(self) -> str:
        return f"{self.at} uses '{self.unbound}', which is bound only on the branch at {self.bound_at}"

    def why(self) -> str:
        return f"Why is '{self.unbound}' bound only on one branch?"


@claim(Layer.DECLARATION)
class NameDeleted(_NotBlamed):
    """A name is bound, and deleted again before the line that uses it (`del`, or the end of `except ... as`)."""

    unbound: str
    at: Locator
    deleted_at: Locator

    def __str__(self) -> str:
        return f"{self.at} uses '{self.unbound}' after {self.deleted_at} deleted it"

    def why(self) -> str:
        return f"Why is '{self.unbound}' deleted before {self.at} uses it?"


@claim(Layer.DECLARATION)
class BoundInAnotherScope(_NotBlamed):
    """A file binds a name only in a scope that the use does not see: another function, or a comprehension."""

    unbound: str
    scope: str
    at: Locator
    bound_at: Locator

    def __str__(self) -> str:
        return f"{self.at} uses '{self.unbound}', which {self.bound_at} binds only in {self.scope}"

    def why(self) -> str:
        return f"Why is '{self.unbound}' bound only in {self.scope}?"


@claim(Layer.DECLARATION)
class ClassAttributeWithoutOwner(_NotBlamed):
    """A method uses an attribute or a method of its class by its bare name."""

    unbound: str
    owner: str
    at: Locator
    bound_at: Locator

    def __str__(self) -> str:
        return f"{self.at} says '{self.unbound}', which is an attribute of the class {self.owner} ({self.bound_at})"

    def why(self) -> str:
        return f"Why does {self.at} use the attribute '{self.unbound}' by its bare name?"


@claim(Layer.DECLARATION)
class ImportedForTypeCheckersOnly(_NotBlamed):
    """A file imports a name only under `if TYPE_CHECKING`, and uses it when it runs."""

    unbound: str
    at: Locator
    bound_at: Locator

    def __str__(self) -> str:
        return f"{self.at} uses '{self.unbound}', which {self.bound_at} imports for type checkers only"

    def why(self) -> str:
        return f"Why is '{self.unbound}' imported for type checkers only?"


@claim(Layer.DECLARATION)
class OptionalImportMissing(_NotBlamed):
    """An import stands in a `try` whose failure is passed over, and what it binds is used all the same."""

    unbound: str
    statement: str
    at: Locator
    bound_at: Locator

    def __str__(self) -> str:
        return f"{self.at} uses '{self.unbound}', and the failure of '{self.statement}' at {self.bound_at} is ignored"

    def why(self) -> str:
        return f"Why may '{self.statement}' fail at {self.bound_at}?"


@claim(Layer.DECLARATION)
class GlobalNeverSet(_NotBlamed):
    """Only a function sets a module's name, through `global`, and it had not been called."""

    unbound: str
    at: Locator
    bound_at: Locator

    def __str__(self) -> str:
        return f"{self.at} uses '{self.unbound}', which only the function around {self.bound_at} sets, through `global`"

    def why(self) -> str:
        return f"Why does the module not set '{self.unbound}' itself?"


@claim(Layer.DECLARATION)
class Python2Builtin(_NotBlamed):
    """A name that Python 2 had built in and Python 3 has not."""

    unbound: str
    replacement: str
    path: str
    at: Locator = field(compare=False)

    def __str__(self) -> str:
        return f"{self.at} uses '{self.unbound}', which only Python 2 has; Python 3 calls it '{self.replacement}'"

    def why(self) -> str:
        return f"Why does {self.at} use '{self.unbound}'?"
