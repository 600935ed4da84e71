"""
YAML with a line for every value, and nothing in it that reads differently to people and to YAML.

Anchors, aliases, merge keys and tags are refused: every value stands where it is used, and no small file grows into a
large one. `yes`, `0123`, `22:22` and dates, which YAML 1.1 turns into other things, have to be quoted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from shakeout.errors import ManifestError, ManifestFault
from shakeout.manifest.wording import KeyPath, dotted, seen, visible

SIZE_LIMIT = 256 * 1024
"""Bytes that a manifest may have."""

DEPTH_LIMIT = 30
"""Mappings and lists that may stand inside each other."""

_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_OTHER_BREAKS = re.compile("[\x85\u2028\u2029]")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """
    One YAML file: its values, the 1-based line of each by path, and the faults found while reading.

    A mapping's value has the line of its key.
    """

    file: str
    data: Any
    lines: Mapping[KeyPath, int]
    last_line: int
    faults: tuple[ManifestFault, ...] = ()

    def line(self, path: KeyPath) -> int:
        """The line of the value at `path`, or of the nearest part above it that is there."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def fault(
        self, path: KeyPath, expected: str, got: str, hint: str | None = None, *, at: KeyPath | None = None
    ) -> ManifestFault:
        """A ManifestFault for the value at `path`; `at` gives the line, where it is another value's."""
        line = self.line(path if at is None else at)
        return _fault(self.file, line, path, expected, got, hint)

    def value(self, path: KeyPath) -> Any:
        """The value at `path`, or None where there is none."""
        current = self.data
        for part in path:
            if isinstance(current, dict):
                current = current.get(part)
            elif isinstance(current, list) and isinstance(part, int) and part < len(current):
                current = current[part]
            else:
                return None
        return current


def read_document(source: bytes | str, *, file: str, size: int | None = None) -> Document:
    """Read YAML; raises ManifestError where it cannot be read at all, and collects every other fault."""
    text = _decoded(source, file, size)
    last_line = max(1, text.count("\n") + (not text.endswith("\n")))

    def stop(line: int, expected: str, got: str, hint: str | None = None) -> ManifestError:
        line = min(max(line, 1), last_line)
        return ManifestError([_fault(file, line, (), expected, got, hint)])

    try:
        loader = _Loader(text)
        node = loader.get_single_node()
    except _Refused as refused:
        raise stop(refused.line, refused.expected, refused.got, refused.hint) from refused
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, max(0, error.position)) + 1
        raise stop(line, "text that prints", f"the character U+{error.character:04X}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise stop(line, *_problem(error, text, line), _advice(error, text, line)) from error
    except (yaml.YAMLError, ValueError, RecursionError, IndexError) as error:
        raise stop(1, "YAML", f"a file that cannot be read ({visible(str(error))})") from error
    if node is None:
        raise stop(1, "a manifest", "an empty file", "write a first one: shakeout init")
    if not isinstance(node, yaml.MappingNode):
        raise stop(
            node.start_mark.line + 1, "a mapping with the keys application, services and environments", _kind(node)
        )
    builder = _Builder(file=file)
    data = builder.build(node, ())
    return Document(file=file, data=data, lines=builder.lines, last_line=last_line, faults=tuple(builder.faults))


def _decoded(source: bytes | str, file: str, size: int | None) -> str:
    def stop(line: int, expected: str, got: str, hint: str | None = None) -> ManifestError:
        return ManifestError([_fault(file, line, (), expected, got, hint)])

    if len(source) > SIZE_LIMIT:
        raise stop(1, f"at most {SIZE_LIMIT // 1024} KiB", f"{size or len(source):,} bytes")
    text = source if isinstance(source, str) else ""
    if isinstance(source, bytes):
        try:
            text = source.decode("utf-8")
        except UnicodeDecodeError as error:
            line = source.count(b"\n", 0, error.start) + 1
            raise stop(line, "UTF-8", f"the byte 0x{source[error.start]:02x}", "save the file as UTF-8") from error
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if match := _OTHER_BREAKS.search(text):
        line = text.count("\n", 0, match.start()) + 1
        raise stop(line, "lines that end in a newline", f"the line break U+{ord(match[0]):04X}")
    return text


def _fault(file: str, line: int, path: KeyPath, expected: str, got: str, hint: str | None) -> ManifestFault:
    """A fault on one line of text, whatever characters the file's names have."""
    return ManifestFault(
        file=visible(file, 300),
        line=line,
        path=dotted(path),
        expected=visible(expected, 600),
        seen=visible(got, 600),
        hint=visible(hint, 600) if hint else None,
    )


class _Refused(Exception):
    def __init__(self, line: int, expected: str, got: str, hint: str | None = None) -> None:
        super().__init__(expected)
        self.line = line
        self.expected = expected
        self.got = got
        self.hint = hint


class _Loader(yaml.SafeLoader):
    """Composes nodes; stops at anchors, aliases and a depth that no manifest has."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            sign, what = ("*", "the alias") if isinstance(event, yaml.AliasEvent) else ("&", "the anchor")
            raise _Refused(
                event.start_mark.line + 1,
                "every value where it is used",
                f"{what} {sign}{visible(str(anchor), 40)}",
                "write the value out",
            )
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            raise _Refused(event.start_mark.line + 1, f"at most {DEPTH_LIMIT} levels", "more of them")
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


@dataclass(kw_only=True)
class _Builder:
    file: str
    lines: dict[KeyPath, int] = field(default_factory=dict)
    faults: list[ManifestFault] = field(default_factory=list)

    def fault(self, node: yaml.Node, path: KeyPath, expected: str, got: str, hint: str | None = None) -> None:
        self.faults.append(_fault(self.file, node.start_mark.line + 1, path, expected, got, hint))

    def build(self, node: yaml.Node, path: KeyPath) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node, path)
        if node.tag not in {f"{_TAG}map", f"{_TAG}seq"}:
            self.fault(node, path, "a value without a tag", visible(node.tag.removeprefix(_TAG), 40))
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self.key(key_node, path)
            if key is None:
                continue
            here = (*path, key)
            if key in result:
                first = self.lines[here]
                self.fault(key_node, here, "each key once", f"a second one (the first is at line {first})")
                continue
            self.lines[here] = key_node.start_mark.line + 1
            result[key] = self.build(value_node, here)
        return result

    def key(self, node: yaml.Node, path: KeyPath) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self.fault(node, path, "keys that are text", f"{_kind(node)} as a key", "write ${env.NAME} in quotes")
            return None
        if node.tag == f"{_TAG}merge":
            self.fault(node, path, "every value where it is used", "the merge key <<", "write the values out")
            return None
        if node.tag != f"{_TAG}str" or not _printable(node.value):
            self.fault(
                node, path, "keys that are text", f"the key {visible(node.value, 40)}", f"quote it: {_quoted(node)}"
            )
            return None
        return str(node.value)

    def scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Any:
        text: str = node.value
        kind = node.tag.removeprefix(_TAG)
        if kind == "str":
            if not _printable(text):
                self.fault(node, path, "text that prints", seen(text))
            return text
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in {"true", "false"}:
            return text.lower() == "true"
        if kind == "int" and _INTEGER.fullmatch(text):
            return int(text)
        if kind == "float" and _DECIMAL.fullmatch(text):
            return float(text)
        expected, got, hint = _odd(kind, text, _quoted(node))
        self.fault(node, path, expected, got, hint)
        return None


def _odd(kind: str, text: str, quoted: str) -> tuple[str, str, str | None]:
    shown = visible(text, 40)
    if kind == "bool":
        meant = "true" if text.lower() in {"yes", "on"} else "false"
        return "true, false or text in quotes", f"{shown}, which YAML takes for {meant}", f"write {meant} or {quoted}"
    if kind == "int":
        try:
            meant = str(yaml.SafeLoader("").construct_yaml_int(yaml.ScalarNode(f"{_TAG}int", text)))[:40]
        except ValueError:
            meant = "a number"
        return "a plain number or text in quotes", f"{shown}, which YAML takes for {meant}", f"quote it: {quoted}"
    if kind == "float":
        return "a plain number or text in quotes", f"{shown}, which YAML takes for a number", f"quote it: {quoted}"
    if kind == "timestamp":
        return "text in quotes", f"{shown}, which YAML takes for a date", f"quote it: {quoted}"
    if kind == "value":
        return "text in quotes", shown, f"quote it: {quoted}"
    return "a value without a tag", visible(kind, 40), None


def _printable(text: str) -> bool:
    """Whether an environment variable and a report can hold the text: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _quoted(node: yaml.ScalarNode) -> str:
    return f'"{visible(node.value, 40)}"'


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    return seen(node.value) if node.value else "nothing"


_EXPECTED_GOT = re.compile(r"(?:did not find )?expected (.+?),? but (?:got|found) (.+)")


def _problem(error: yaml.MarkedYAMLError, text: str, line: int) -> tuple[str, str]:
    """What YAML expected, and what is there."""
    if _tab(text, line):
        return "YAML", "a tab in the indentation"
    problem = error.problem or error.context or "something else"
    if error.context and "expected" in error.context and "expected" not in problem:
        problem = f"{error.context}, {problem}"
    if match := _EXPECTED_GOT.fullmatch(problem):
        return match[1].strip("<>"), visible(match[2], 60)
    return "YAML", visible(problem.removeprefix("found "), 120)


def _advice(error: yaml.MarkedYAMLError, text: str, line: int) -> str | None:
    if _tab(text, line):
        return "indent with spaces"
    if "expected a single document" in (error.context or ""):
        return "one file holds one manifest"
    if error.problem == "expected ',' or '}', but got '{'":
        return "put a text with ${ in quotes, where it stands in braces or brackets"
    if "mapping values are not allowed" in (error.problem or ""):
        return "quote a text that holds a colon and a space, and look at the indentation"
    if error.context_mark and error.context_mark.line + 1 != line:
        return f"it belongs to what begins at line {error.context_mark.line + 1}"
    return None


def _tab(text: str, line: int) -> bool:
    lines = text.split("\n")
    at = lines[line - 1] if line <= len(lines) else ""
    return "\t" in at[: len(at) - len(at.lstrip())]
