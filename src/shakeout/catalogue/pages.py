"""Templates of pages: a name that the code or another template asks for, and no file of that name."""

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Iterator

from shakeout.catalogue.change import introduced
from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.catalogue.frames import logged, own_frame
from shakeout.evidence.model import Locator
from shakeout.evidence.patches import nearest, unified, with_line
from shakeout.evidence.paths import SourcePaths
from shakeout.evidence.repository import Commit, Repository
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Claim, Family, GuardSpec, Layer, Remedy, Strength, claim
from shakeout.why.links import Unknown

pages = Family(
    "pages",
    "A page's template is not where the program looks for it",
    guard=GuardSpec(
        name="a look at every page before the release",
        kind="command",
        arguments=(r"\bshakeout\s+(?:up|verify)\b", r"\bmanage\.py\s+validate_templates\b"),
        missing="nothing in the repository's checks asks for the pages",
        add="shakeout up  # in CI, with a check of the kind http or browser for each page",
    ),
)

_ROOT = re.compile(r"^(?P<root>(?:.*/)?(?:templates|jinja2|views))/(?P<name>.+)$")
"""A template's path: the folder that is searched, and the name by which it is asked for."""
_ASKED = {
    "TemplateDoesNotExist": re.compile(r"^(?P<name>[\w./ -]{1,300}\.\w{1,10})(?:$|,|\n)"),
    "TemplateNotFound": re.compile(r"^'?(?P<name>[\w./ -]{1,300}\.\w{1,10})'?(?:$| not found|,|\n)"),
    "Error": re.compile(r"^Failed to lookup view \"(?P<name>[\w./ -]{1,300})\" in views director"),
}
_UNCLOSED = re.compile(
    r"\bUnclosed tag(?: on line (?P<line>\d{1,6}))?: '(?P<tag>\w{1,40})'"
    r"|\binnermost block that needs to be closed is '(?P<inner>\w{1,40})'"
)
_PAGE = re.compile(r"\.(?:html?|j2|jinja2?|djhtml|txt|xml)$")
_ALIKE = 0.6


@claim(Layer.DECLARATION)
class TemplateAbsent(Claim):
    """A line asks for a template that the deployed commit does not have."""

    name: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} asks for the template {self.name}, which the deployed commit does not have"

    def title(self) -> str:
        return f"there is no template {self.name}, for which {self.at} asks"

    def why(self) -> str:
        return f"Why is there no template {self.name}?"

    def blamed(self) -> Locator | None:
        return None


@claim(Layer.DECLARATION)
class TemplateUnclosed(Claim):
    """A template opens a block that nothing closes."""

    tag: str
    at: Locator

    def __str__(self) -> str:
        return f"{self.at} opens '{self.tag}', and nothing closes it"

    def why(self) -> str:
        return f"Why is '{self.tag}' not closed?"

    def blamed(self) -> Locator | None:
        return None


@pages.rule
def template_absent(
    raised: ExceptionRaised, repository: Repository, paths: SourcePaths, log: ErrorLog | None
) -> Iterator[Because]:
    """
    A template that is asked for is no file of the deployed commit.

    ## What you see
    `TemplateDoesNotExist: shop/cart.html` from Django, `TemplateNotFound: cart.html` from Jinja, `Failed to lookup view
    "cart"` from Express, when somebody opens the page.

    ## Why it happens
    The file was renamed, moved or taken away, or its name is misspelt where it is asked for; names of templates are
    looked up when a page is made.

    ## How we know
    The exception has the name; no file of the commit ends in it; and the application's own line that was running, or
    the only line of the repository that has the name in quotes, asks for it.

    ## What to change
    The name on that line, or the file.
    """
    form = _ASKED.get(raised.simple_type)
    match = form.search(raised.message.strip()) if form is not None else None
    if match is None or _has(match["name"], repository):
        return
    name = match["name"]
    at = _asking(name, own_frame(raised, paths, log), repository)
    quote = repository.quote(at.path, at.line or 1) if at is not None else None
    if at is None or quote is None:
        return
    root, gone = _gone(name, repository)
    known = {found["name"]: path for path in repository.paths if (found := _ROOT.match(path))}
    now = _now(f"{root}/{name}", gone, known, repository) if gone is not None else nearest(name, list(known), 0.8)
    evidence = [quote, repository.absence(f"{root}/{name}"), *logged(raised, log)]
    yield Because(TemplateAbsent(name, at), evidence, fix=_fix(name, now, at, repository))


@pages.rule
def template_change(absent: TemplateAbsent, repository: Repository) -> Iterator[Because | Unknown]:
    """
    A commit moved the template, or asked for one that never was there.

    ## What you see
    A page that worked until a commit.

    ## Why it happens
    The name stands in the code and in the file's own path, and only one of them was changed.

    ## How we know
    The newest commit after which no such file is in a folder of templates; where the line that asks was written after
    that, or the file never was there, the commit that wrote the line.

    ## What to change
    Do the other half of the change.
    """
    root, gone = _gone(absent.name, repository)
    origin = repository.origin(absent.at.path, absent.at.line or 1)
    written = origin.commit if origin is not None and not origin.boundary else None
    later = written is not None and gone is not None and written.hash != gone.hash
    if gone is not None and not (later and written is not None and repository.is_ancestor(gone.hash, written.hash)):
        known = {found["name"]: path for path in repository.paths if (found := _ROOT.match(path))}
        now = _now(f"{root}/{absent.name}", gone, known, repository)
        yield Because(introduced(gone, f"moved it to {known[now]}" if now else "took it away"), [gone.evidence()])
    elif written is not None:
        yield Because(introduced(written, f"wrote {absent.at}"), [written.evidence()])
    else:
        yield Unknown("the full history of this repository (`git fetch --unshallow`)")


@pages.rule
def template_unclosed(raised: ExceptionRaised, repository: Repository, log: ErrorLog | None) -> Iterator[Because]:
    """
    A template opens a block and does not close it.

    ## What you see
    `TemplateSyntaxError: Unclosed tag on line 4: 'for'` from Django, without the template's name; `Unexpected end of
    template … The innermost block that needs to be closed is 'for'` from Jinja.

    ## Why it happens
    The closing tag was taken out with a line that seemed to be of no use, or was never written.

    ## How we know
    The exception names the tag, Django the line too. One template of the commit opens more blocks of that kind than it
    closes (on that line, where there is one).

    ## What to change
    Close the block.
    """
    match = _UNCLOSED.search(raised.message) if raised.simple_type == "TemplateSyntaxError" else None
    if match is None:
        return
    tag, line = match["tag"] or match["inner"], int(match["line"]) if match["line"] else None
    found = []
    for path in repository.paths:
        if not _PAGE.search(path) or _balanced(text := repository.text(path) or "", tag):
            continue
        rows = [number for number, row in enumerate(text.split("\n"), 1) if re.search(_opens(tag), row)]
        if line is None or line in rows:
            found.append(Locator(source="file", path=path, line=line or rows[-1], commit=repository.commit))
    quote = repository.quote(found[0].path, found[0].line or 1) if len(found) == 1 else None
    if quote is not None:
        fix = Remedy("words", f"close '{tag}' of {found[0]}: {{% end{tag} %}}")
        evidence = [quote, *logged(raised, log)]
        yield Because(TemplateUnclosed(tag, found[0]), evidence, strength=Strength.ENTAILED, fix=fix)


@pages.rule
def template_closed_before(unclosed: TemplateUnclosed, repository: Repository) -> Iterator[Because | Unknown]:
    """
    A commit took out what closed the block, or opened one without closing it.

    ## What you see
    A page that worked until a commit.

    ## Why it happens
    Nothing reads templates before a page is asked for.

    ## How we know
    The newest commit after which the template opens more blocks of that kind than it closes.

    ## What to change
    Put the closing tag back.
    """
    commit = repository.change_of(unclosed.at.path, lambda text: text is not None and not _balanced(text, unclosed.tag))
    if commit is None:
        yield Unknown("the full history of this repository (`git fetch --unshallow`)")
    else:
        yield Because(introduced(commit, f"left '{unclosed.tag}' open in {unclosed.at.path}"), [commit.evidence()])


def _opens(tag: str) -> str:
    return rf"\{{%[-+]?\s*{re.escape(tag)}\b"


def _balanced(text: str, tag: str) -> bool:
    return len(re.findall(_opens(tag), text)) <= len(re.findall(_opens(f"end{tag}"), text))


def _has(name: str, repository: Repository) -> bool:
    """Whether a file may be the template: of that name, whatever its folder, or with any ending where none is given."""
    last = f"/{name}"
    if "." in posixpath.basename(name):
        return any(f"/{path}".endswith(last) for path in repository.paths)
    return any(f"/{posixpath.splitext(path)[0]}".endswith(last) for path in repository.paths)


def _asking(name: str, frame: Locator | None, repository: Repository) -> Locator | None:
    quoted = re.compile(rf"['\"`]{re.escape(name)}['\"`]")
    if frame is not None and frame.line is not None:
        rows = repository.lines(frame.path)
        if frame.line <= len(rows) and quoted.search(rows[frame.line - 1]):
            return frame
    rows_with = [at for at in repository.grep(name) if quoted.search(repository.lines(at.path)[(at.line or 1) - 1])]
    asking = [at for at in rows_with if not re.search(r"(^|/)(tests?|docs?)/|(^|/)test_", at.path)]
    return asking[0] if len(asking) == 1 else None


def _gone(name: str, repository: Repository) -> tuple[str, Commit | None]:
    """(folder that is searched, the newest commit after which it has no such file); None where none ever had it."""
    roots = {found["root"] for path in repository.paths if (found := _ROOT.match(path))}
    for root in sorted(roots):
        commit = repository.change_of(f"{root}/{name}", lambda text: text is not None)
        if commit is not None:
            return root, commit
    return min(roots, default="templates"), None


def _now(path: str, gone: Commit, known: dict[str, str], repository: Repository) -> str | None:
    """By what name the template that a commit took away is asked for now, by its text."""
    before = next((text for parent in gone.parents if (text := repository.text(path, parent)) is not None), None)
    if before is None:
        return None
    old = {one for parent in gone.parents for one in repository.paths_at(parent)}
    ratios = {
        name: difflib.SequenceMatcher(None, before, repository.text(other, gone.hash) or "", autojunk=False).ratio()
        for name, other in known.items()
        if other not in old and len(before) < 100_000
    }
    best = max(ratios, key=lambda name: ratios[name], default=None)
    return best if best is not None and ratios[best] >= _ALIKE else None


def _fix(name: str, now: str | None, at: Locator, repository: Repository) -> Remedy:
    text = repository.text(at.path)
    row = repository.lines(at.path)[(at.line or 1) - 1]
    if now is None or text is None or row.count(name) != 1:
        return Remedy("words", f"bring the template {name} back, or ask for another at {at}")
    patch = unified(at.path, text, with_line(text, at.line or 1, row.replace(name, now)))
    return Remedy("patch", f"ask for the template {now} at {at}", patch=patch)
