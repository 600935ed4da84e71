"""Names: a name is used and, where it is used, bound to nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shakeout.catalogue.change import IntroducedBy, introduced
from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.evidence.model import Evidence, Locator
from shakeout.evidence.patches import nearest, unified, with_line, with_line_after
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.python_source import Bound, PythonSource
from shakeout.evidence.repository import Commit, Repository
from shakeout.why import Because, Claim, Family, GuardSpec, Layer, Remedy, RuledOut, Strength, claim
from shakeout.why.links import Unknown

names = Family(
    "names",
    "A name is used where nothing binds it",
    guard=GuardSpec(
        name="undefined-name lint rule",
        kind="lint-rule",
        arguments=("undefined-name",),
        missing="nothing in the repository's checks looks for undefined names",
        add='[tool.ruff.lint]\nextend-select = ["F821", "F823"]  # undefined names; run `ruff check` in CI',
    ),
)

_NAME = re.compile(r"(?:name|variable) '([^'\W]\w*)'")


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
class MissingImport(Claim):
    """A file uses a name that it does not import, where its history or other modules show the import that binds it."""

    unbound: str
    statement: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at.path} uses '{self.unbound}' at line {self.at.line} and lacks the import '{self.statement}'"

    def why(self) -> str:
        return f"Why does {self.at.path} lack the import of '{self.unbound}'?"

    def title(self) -> str:
        return f"'{self.unbound}' is not imported in {self.at.path}"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class MisspeltName(Claim):
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
class BindingRenamed(Claim):
    """What bound a name was renamed, and this use kept the old name."""

    unbound: str
    renamed_to: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} still says '{self.unbound}', which was renamed to '{self.renamed_to}'"

    def title(self) -> str:
        return f"'{self.unbound}' was renamed to '{self.renamed_to}', and {self.at} still uses the old name"

    def why(self) -> str:
        return f"Why does {self.at} still say '{self.unbound}'?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class BindingRemoved(Claim):
    """What bound a name was taken out of the file, and this use stayed."""

    unbound: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} uses '{self.unbound}', whose definition was taken out of the file"

    def why(self) -> str:
        return f"Why is the definition of '{self.unbound}' gone?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class NeverBound(Claim):
    """A file uses a name that nothing in it ever bound, and nothing else in the repository says what was meant."""

    unbound: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} uses '{self.unbound}', which nothing in the file's history binds"

    def why(self) -> str:
        return f"Why does {self.at} use '{self.unbound}'?"


@claim(Layer.DECLARATION)
class UsedBeforeAssignment(Claim):
    """A function (or the module) assigns a name only after the line that uses it."""

    unbound: str
    at: Locator
    bound_at: Locator

    def __str__(self) -> str:
        return f"{self.at} uses '{self.unbound}' before {self.bound_at} assigns it"

    def why(self) -> str:
        return f"Why is '{self.unbound}' used at {self.at} before it is assigned?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class BoundOnOneBranch(Claim):
    """A name is bound only on some of the paths that lead to its use."""

    unbound: str
    at: Locator
    bound_at: Locator

    def __str__(self) -> str:
        return f"{self.at} uses '{self.unbound}', which is bound only on the branch at {self.bound_at}"

    def why(self) -> str:
        return f"Why is '{self.unbound}' bound only on one branch?"

    def blamed(self) -> Locator | None:
        return None


@dataclass(frozen=True, slots=True)
class _Use:
    """A use of a name, with its file read and parsed."""

    name: str
    at: Locator
    source: PythonSource
    repository: Repository

    @property
    def path(self) -> str:
        return self.at.path

    @property
    def line(self) -> int:
        return self.at.line or 0

    def quote(self, line: int | None = None, note: str = "") -> Evidence:
        found = self.repository.quote(self.path, line or self.line, note=note)
        if found is None:
            raise ValueError(f"no line {line or self.line} in {self.path}")
        return found

    def conditional_binding(self) -> Bound | None:
        """The binding in a scope that the lookup searches which may not have happened."""
        return self.source.visible(self.line).get(self.name)

    def lost_binding(self) -> tuple[Commit, Bound] | None:
        """The commit that took the binding out of this file, and the binding as it was before."""
        commit = self.repository.change_of(self.path, lambda text: _binding(text, self.name) is not None)
        if commit is None:
            return None
        for parent in commit.parents:
            for path in (self.path, *_old_names(self.repository, parent, self.path)):
                bound = _binding(self.repository.text(path, parent), self.name)
                if bound is not None:
                    return commit, bound
        return None

    def imports_elsewhere(self) -> list[tuple[Locator, str]]:
        """Where other modules of the repository import the name, and by which statement."""
        found: list[tuple[Locator, str]] = []
        for at in self.repository.grep(self.name, ["*.py"]):
            row = self.repository.lines(at.path)[(at.line or 1) - 1]
            if at.path == self.path or "import" not in row:
                continue
            statement = _import_statement(row.strip(), self.name)
            if statement:
                found.append((at, statement))
        return found


def _use(unbound: NameUnbound, repository: Repository) -> _Use | None:
    text = repository.text(unbound.at.path)
    if text is None or unbound.at.line is None:
        return None
    try:
        return _Use(unbound.unbound, unbound.at, PythonSource(text, unbound.at.path), repository)
    except SyntaxError:
        return None


def _binding(text: str | None, name: str) -> Bound | None:
    """Where a file's text binds a name in any scope, an import or module binding first."""
    if text is None or name not in text:
        return None
    try:
        source = PythonSource(text)
    except SyntaxError:
        return None
    in_module = source.bindings(name)
    if in_module:
        return in_module[0]
    for line in source.uses(name):
        bound = source.visible(line).get(name)
        if bound is not None:
            return bound
    return None


def _old_names(repository: Repository, commit: str, path: str) -> tuple[str, ...]:
    name = path.rsplit("/", 1)[-1]
    return tuple(other.path for other in _same_name(repository, commit, name)) if name else ()


def _same_name(repository: Repository, commit: str, name: str) -> Iterator[Locator]:
    for path in repository.paths_at(commit):
        if path.rsplit("/", 1)[-1] == name:
            yield Locator(source="file", path=path, commit=commit)


def _import_statement(row: str, name: str) -> str | None:
    try:
        source = PythonSource(row)
    except SyntaxError:
        return None
    for bound in source.bindings(name):
        if bound.way == "import":
            return bound.statement
    return None


@names.rule
def name_bound_nowhere(
    raised: ExceptionRaised, paths: SourcePaths, repository: Repository
) -> Iterator[Because | Unknown]:
    """
    A name is looked up at run time and found in no scope.

    ## What you see
    `NameError: name 'x' is not defined`, or `UnboundLocalError`, the moment that the line is reached.

    ## Why it happens
    Python looks names up when a line runs, not when the file is loaded.
    A name that no scope binds is an error only then, so tests that never reach the line pass.

    ## How we know
    The traceback's frame leads to a file and line of the repository at the deployed commit.
    The file is parsed, not run: the name stands on that line, and no scope that the lookup searches binds it, or binds
    it only later or on another branch.

    ## What to change
    Bind the name: import it, spell it right, or assign it on every path. The next link says which.
    """
    match = _NAME.search(raised.message)
    if raised.simple_type not in {"NameError", "UnboundLocalError"} or match is None or raised.path is None:
        return
    path = paths.find(raised.path, raised.line)
    if path is None or raised.line is None:
        return
    at = Locator(source="file", path=path, line=raised.line, commit=repository.commit)
    use = _use(NameUnbound(match[1], at), repository)
    if use is None or raised.line not in _lines_of_use(use.source, match[1], raised.line):
        yield Unknown(f"{path} as it was deployed (the commit {repository.commit[:12]} has another line {raised.line})")
    elif use.source.has_star_import and use.source.visible(raised.line).get(match[1]) is None:
        yield Unknown(f"what the star import in {path} binds")
    else:
        yield Because(NameUnbound(match[1], at), [use.quote()])


def _lines_of_use(source: PythonSource, name: str, line: int) -> set[int]:
    """The lines of the statement around `line`, where the name is used in it: tracebacks name any of them."""
    statement = source.statement_at(line)
    if statement is None:
        return set()
    lines = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
    return set(lines) if any(used in lines for used in source.uses(name)) else set()


@names.rule
def missing_import(unbound: NameUnbound, repository: Repository) -> Iterator[Because | RuledOut]:
    """
    The import that binds the name is not in the file.

    ## What you see
    `name 'x' is not defined` in a file that uses `x` as if it were imported.

    ## Why it happens
    An import was taken out while a use of it stayed (a clean-up, a merge), or code was moved or added without it.

    ## How we know
    The file's own history had the import and a commit took it out; or the file never had it, and other modules of the
    repository import that very name, all by one statement.

    ## What to change
    Add the import line. The patch puts it after the file's last import.
    """
    use = _use(unbound, repository)
    if use is None or use.conditional_binding() is not None:
        return
    lost = use.lost_binding()
    if lost is not None and lost[1].way != "import":
        return
    elsewhere = use.imports_elsewhere()
    statements = {statement for _, statement in elsewhere}
    if lost is not None:
        statement = lost[1].statement
    elif len(statements) == 1:
        statement = next(iter(statements))
    else:
        return
    evidence = [use.quote()]
    for at, found in elsewhere[:3]:
        quoted = repository.quote(at.path, at.line or 1, note=f"{at.path} imports it")
        if found == statement and quoted is not None:
            evidence.append(quoted)
    if lost is not None:
        evidence.append(lost[0].evidence())
    text = use.source.text
    patch = unified(use.path, text, with_line_after(text, use.source.import_line(), statement))
    yield Because(
        MissingImport(unbound.unbound, statement, unbound.at),
        evidence,
        fix=Remedy("patch", f"add the import '{statement}' to {use.path}", patch=patch),
        strength=Strength.OBSERVED if lost is not None else Strength.ENTAILED,
    )


@names.rule
def import_change(missing: MissingImport, repository: Repository) -> Iterator[Because | Unknown]:
    """
    A commit took the import out, or added the use without it.

    ## What you see
    A missing import, and a history in which the file once worked, or never did.

    ## Why it happens
    A clean-up removed an import that looked unused, a merge dropped it, or new code was written without it.

    ## How we know
    The file's history is walked through renames and merges, parsing each version: the commit named is the newest after
    which the file no longer binds the name. Where it never did, it is the commit that wrote the line with the use.

    ## What to change
    Put the import back; let a linter look for undefined names before a merge.
    """
    yield from _change(missing.unbound, missing.at, repository, "took the import out")


def _change(name: str, at: Locator, repository: Repository, lost_by: str) -> Iterator[Because | Unknown]:
    use = _use(NameUnbound(name, at), repository)
    if use is None:
        return
    lost = use.lost_binding()
    if lost is not None:
        merged = " while merging" if len(lost[0].parents) > 1 else ""
        yield Because(introduced(lost[0], f"{lost_by}{merged}"), [lost[0].evidence()])
        return
    origin = repository.origin(at.path, at.line or 1)
    if origin is None or origin.boundary or repository.shallow:
        yield Unknown("the full history of this repository (`git fetch --unshallow`)")
        return
    claim_: IntroducedBy = introduced(origin.commit, f"wrote the use of '{name}' without binding it")
    yield Because(claim_, [origin.commit.evidence()])


@names.rule
def misspelt_name(unbound: NameUnbound, repository: Repository) -> Iterator[Because | RuledOut]:
    """
    The name is spelt differently from the one that is bound.

    ## What you see
    `name 'confg' is not defined`, in a file that binds `config`.

    ## Why it happens
    A slip of the keyboard on a line that no test reaches.

    ## How we know
    The file's history never bound the name, no module imports it, and exactly one name that is bound where it is used
    is nearly the same.

    ## What to change
    Correct the name; the patch does it on that line.
    """
    use = _use(unbound, repository)
    if use is None or use.conditional_binding() is not None or use.lost_binding() or use.imports_elsewhere():
        return
    meant = nearest(unbound.unbound, list(use.source.visible(use.line)))
    if meant is None:
        return
    row = repository.lines(use.path)[use.line - 1]
    corrected = re.sub(rf"\b{re.escape(unbound.unbound)}\b", meant, row)
    binding = use.source.visible(use.line)[meant]
    yield Because(
        MisspeltName(unbound.unbound, meant, unbound.at),
        [use.quote(), use.quote(binding.line, note=f"binds '{meant}'")],
        strength=Strength.ENTAILED,
        fix=Remedy(
            "patch",
            f"say '{meant}' at {unbound.at}",
            patch=unified(use.path, use.source.text, with_line(use.source.text, use.line, corrected)),
        ),
    )


@names.rule
def binding_lost(unbound: NameUnbound, repository: Repository) -> Iterator[Because]:
    """
    What bound the name was renamed or taken out, and this use stayed.

    ## What you see
    A name that used to work is not defined after a refactor.

    ## Why it happens
    A function, class or variable was renamed or deleted, and not every use of it was changed with it.

    ## How we know
    The file's history bound the name, and one commit ended that.
    Where the same commit began to bind exactly one new name in the same way, it was renamed; else it was taken out.

    ## What to change
    Use the new name, or bring the definition back.
    """
    use = _use(unbound, repository)
    lost = use.lost_binding() if use is not None and use.conditional_binding() is None else None
    if use is None or lost is None or lost[1].way == "import":
        return
    commit, before = lost
    renamed = _renamed_to(use, commit, before)
    evidence = [use.quote(), commit.evidence()]
    if renamed is None:
        yield Because(BindingRemoved(unbound.unbound, unbound.at), evidence)
        return
    row = repository.lines(use.path)[use.line - 1]
    corrected = re.sub(rf"\b{re.escape(unbound.unbound)}\b", renamed.name, row)
    current = use.source.bindings(renamed.name)
    if current:
        evidence.append(use.quote(current[0].line, note=f"binds '{renamed.name}' now"))
    yield Because(
        BindingRenamed(unbound.unbound, renamed.name, unbound.at),
        evidence,
        fix=Remedy(
            "patch",
            f"say '{renamed.name}' at {unbound.at}",
            patch=unified(use.path, use.source.text, with_line(use.source.text, use.line, corrected)),
        ),
    )


def _renamed_to(use: _Use, commit: Commit, before: Bound) -> Bound | None:
    """The one name that the commit began to bind in the same way and that is still visible at the use."""
    old = next((text for parent in commit.parents if (text := use.repository.text(use.path, parent))), None)
    new = use.repository.text(use.path, commit.hash)
    if old is None or new is None:
        return None
    try:
        had = {bound.name for bound in PythonSource(old).bound_in(PythonSource(old).tree)}
        source = PythonSource(new)
    except SyntaxError:
        return None
    visible = use.source.visible(use.line)
    began = [
        bound
        for bound in source.bound_in(source.tree)
        if bound.name not in had and bound.way == before.way and bound.name in visible
    ]
    return began[0] if len(began) == 1 else None


@names.rule
def binding_change(lost: BindingRenamed | BindingRemoved, repository: Repository) -> Iterator[Because | Unknown]:
    """
    A commit renamed or removed what bound the name.

    ## What you see
    A use of a name whose definition is no longer in the file.

    ## Why it happens
    A refactor changed the definition and missed a use, often one that only runs in production.

    ## How we know
    The file's history, parsed version by version: the newest commit after which nothing binds the name.

    ## What to change
    Finish the refactor: change this use too.
    """
    done = f"renamed it to '{lost.renamed_to}'" if isinstance(lost, BindingRenamed) else "took the definition out"
    yield from _change(lost.unbound, lost.at, repository, done)


@names.rule
def used_before_assignment(unbound: NameUnbound, repository: Repository) -> Iterator[Because]:
    """
    The name is assigned only after it is used, or only on another branch.

    ## What you see
    `UnboundLocalError: cannot access local variable 'x' where it is not associated with a value`, or a `NameError`
    for a name that the file does bind.

    ## Why it happens
    An assignment anywhere in a function makes the name local to all of it, so that the use before it finds nothing.
    Or the assignment stands in an `if`, a loop or a `try` that did not run.

    ## How we know
    The scopes at that line, parsed: the binding stands further down, or inside a branch.

    ## What to change
    Bind the name before the branch, or move the assignment up.
    """
    use = _use(unbound, repository)
    bound = use.conditional_binding() if use is not None else None
    if use is None or bound is None or bound.way == "parameter":
        return
    bound_at = Locator(source="file", path=use.path, line=bound.line, commit=repository.commit)
    evidence = [use.quote(), use.quote(bound.line, note=f"binds '{unbound.unbound}'")]
    if bound.line > use.line:
        yield Because(UsedBeforeAssignment(unbound.unbound, unbound.at, bound_at), evidence)
    elif bound.conditional:
        yield Because(BoundOnOneBranch(unbound.unbound, unbound.at, bound_at), evidence)


@names.rule
def order_change(early: UsedBeforeAssignment | BoundOnOneBranch, repository: Repository) -> Iterator[Because | Unknown]:
    """
    A commit wrote the use or the binding in this order.

    ## What you see
    A name that is used where it may not be bound yet.

    ## Why it happens
    One of the two lines was written later than the other, and only together they fail.

    ## How we know
    Both lines are blamed at the deployed commit; the newer of the two is the change that made them fail together.

    ## What to change
    Bind the name on every path before its use.
    """
    origins = [repository.origin(at.path, at.line or 1) for at in (early.at, early.bound_at)]
    known = [origin for origin in origins if origin is not None]
    if len(known) < 2 or any(origin.boundary for origin in known):
        yield Unknown("the full history of this repository (`git fetch --unshallow`)")
        return
    newer = known[0] if repository.is_ancestor(known[1].commit.hash, known[0].commit.hash) else known[1]
    what = f"wrote line {early.at.line if newer is known[0] else early.bound_at.line} of {early.at.path}"
    yield Because(introduced(newer.commit, what), [newer.commit.evidence()])


@names.rule
def never_bound(unbound: NameUnbound, repository: Repository) -> Iterator[Because]:
    """
    Nothing ever bound the name in that file.

    ## What you see
    `name 'x' is not defined`, and no hint at what was meant.

    ## Why it happens
    Code was pasted or generated that expects a name of another place.

    ## How we know
    The file's history never bound the name, no other module imports it by one statement, and no name that is bound
    there is nearly the same.

    ## What to change
    Bind the name, or take the line out.
    """
    use = _use(unbound, repository)
    if use is None or use.conditional_binding() is not None or use.lost_binding() is not None:
        return
    statements = {statement for _, statement in use.imports_elsewhere()}
    if len(statements) == 1 or (nearest(unbound.unbound, list(use.source.visible(use.line))) and not statements):
        return
    yield Because(NeverBound(unbound.unbound, unbound.at), [use.quote()], strength=Strength.ENTAILED)
