"""Connections that were opened, and then closed or left without an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from shakeout.catalogue.change import introduced
from shakeout.catalogue.exceptions import ExceptionRaised
from shakeout.catalogue.symptoms import CheckFailed, ErrorLogged
from shakeout.catalogue.websocket.claims import AnswerMissing, ConnectionClosed, MessageNotHandled
from shakeout.catalogue.websocket.family import noted, text, websocket
from shakeout.catalogue.websocket.routes import CODE, aside
from shakeout.catalogue.websocket.wording import closed_with
from shakeout.evidence.model import Locator
from shakeout.evidence.probes import Probe, Probes
from shakeout.evidence.repository import Repository
from shakeout.logs.errorlog import ErrorLog
from shakeout.why import Because, Remedy
from shakeout.why.links import Unknown

_CODE = re.compile(r"\b(?:received |sent )?(?P<code>1\d{3}|[34]\d{3})\b")


@websocket.rule
def connection_closed(
    failed: CheckFailed | ErrorLogged | ExceptionRaised, probes: Probes | None, log: ErrorLog
) -> Iterator[Because]:
    """
    The server closes connections that were open.

    ## What you see
    Live updates begin and break off, again and again.

    ## Why it happens
    The server met an error, or the connection broke a rule of its own: too large, too slow, a token that ended.

    ## How we know
    The code of the close frame, or that there was none, on connections that the check had opened; or the words of the
    client's library in a log, which have the code.

    ## What to change
    What the code stands for. For 1011 and 1006, the server's log has the error.
    """
    if isinstance(failed, ErrorLogged | ExceptionRaised):
        occurrence = log.get(failed.key)
        said = closed_with(occurrence) if occurrence is not None else None
        if occurrence is not None and said is not None:
            yield Because(ConnectionClosed(None, said), occurrence.evidence[:2])
        return
    probe = probes.get(failed.check) if probes is not None else None
    if probe is None or probe.kind != "websocket":
        return
    connections = _connections(probe)
    closed = [text(each.get("closed")) or "" for each in connections if each.get("closed") and not each.get("errors")]
    codes: dict[int, int] = {}
    for words in closed:
        match = _CODE.search(words)
        code = int(match["code"]) if match else 1006
        codes[code] = codes.get(code, 0) + 1
    for code, count in sorted(codes.items()):
        note = f"closed with {code}: {count} of {len(connections)} connections"
        yield Because(ConnectionClosed(_service(probe), code), noted(probe, note))


@websocket.rule
def answer_missing(failed: CheckFailed, probes: Probes) -> Iterator[Because]:
    """
    A message is left without an answer.

    ## What you see
    The page says that it is connected, and nothing ever comes.

    ## Why it happens
    The server takes the message for another one, waits for something, or hands events to nobody.

    ## How we know
    The check's connections were open to the end, had no error, and did not get the answer in time.

    ## What to change
    What keeps the server from answering, which the next link says where the code shows it.
    """
    probe = probes.get(failed.check)
    if probe is None or probe.kind != "websocket" or not probe.went_wrong:
        return
    silent = [
        each
        for each in _connections(probe)
        if each.get("opened", True) and not any(each.get(key) for key in ("errors", "closed", "refused", "fault"))
    ]
    for fact, message in (("subscribed", "subscribe"), ("events_received", "event")):
        good, total = probe.facts.get(fact), probe.facts.get("connections_total")
        if isinstance(good, int) and isinstance(total, int) and good < total and len(silent) > good:
            note = f"'{message}': an answer on {good} of {total} connections"
            yield Because(AnswerMissing(_service(probe), message), noted(probe, note))


@websocket.rule
def message_not_handled(missing: AnswerMissing, probes: Probes, repository: Repository) -> Iterator[Because | Unknown]:
    """
    The code that handles messages does not know one of them any more.

    ## What you see
    One kind of message is never answered, the others are.

    ## Why it happens
    A message was renamed, or its branch was taken out, while clients still send it.

    ## How we know
    The client's schema has the message. Exactly one file handles other messages of that schema, had this one's name
    before, and has it no more.

    ## What to change
    Handle the message again, beside its new name, until no client sends it.
    """
    if missing.message == "event":
        return
    types = {str(name) for probe in probes.of_kind("websocket") for name in probe.facts.get("messages", ())}
    if missing.message not in types:
        return
    wanted = re.compile(rf"[\"'`]{re.escape(missing.message)}[\"'`]")
    paths: dict[str, Locator] = {}
    for other in sorted(types - {missing.message}):
        for quote in ('"', "'"):
            for at in repository.grep(f"{quote}{other}{quote}", CODE):
                if not aside(at.path) and not wanted.search(repository.text(at.path) or ""):
                    paths.setdefault(at.path, at)
    found = []
    for path, at in sorted(paths.items()):
        commit = repository.change_of(path, lambda content: content is not None and bool(wanted.search(content)))
        if commit is not None:
            found.append((at, commit))
    if len(found) != 1:
        yield Unknown(f"which code is to answer '{missing.message}'")
        return
    ((at, commit),) = found
    quoted = repository.quote(
        at.path, at.line or 0, note=f"handles another message; nothing here says '{missing.message}'"
    )
    if quoted is not None:
        yield Because(
            MessageNotHandled(missing.message, at), [quoted, commit.evidence()], fix=_handle(missing.message, at)
        )


@websocket.rule
def message_taken_out_by_commit(gone: MessageNotHandled, repository: Repository) -> Iterator[Because]:
    """
    A commit took a message out of the code that handles it.

    ## What you see
    The commit below the file that does not know the message any more.

    ## Why it happens
    A renaming or a clean-up did not know of the clients that send the message.

    ## How we know
    Before that commit the file has the message's name, after it the file has it no more.

    ## What to change
    Put the branch back, or change the clients with it.
    """
    wanted = re.compile(rf"[\"'`]{re.escape(gone.message)}[\"'`]")
    commit = repository.change_of(gone.at.path, lambda content: content is not None and bool(wanted.search(content)))
    if commit is not None:
        yield Because(introduced(commit, f"took '{gone.message}' out of {gone.at.path}"), [commit.evidence()])


def _handle(message: str, at: Locator) -> Remedy:
    return Remedy("words", f"handle '{message}' in {at.path} again, beside its new name, until no client sends it")


def _connections(probe: Probe) -> list[Mapping[str, object]]:
    return [each for each in probe.facts.get("connections", ()) if isinstance(each, Mapping)]


def _service(probe: Probe) -> str | None:
    return text(probe.facts.get("service")) or probe.service
