"""What a script exports and declares; where it is not certain, that a name may be there."""

from __future__ import annotations

import pytest

from shakeout.evidence.javascript import exports, may_declare, uses


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("export const a = 1;\nexport async function b() {}\nexport class C {}", {"a", "b", "C"}),
        ("const x = 1;\nexport {\n  x as y,\n  z,\n};", {"y", "z"}),
        ("export default 1;\nexport * as all from './a.js';", {"default", "all"}),
        ("export const { a, b: c } = d;", {"a", "c"}),
        ("// export const a = 1\n/* export const b = 1 */\nconst c = 'export const d';", set()),
        ("export * from './a.js';", None),
        ("module.exports = { a };", None),
        ("exports.a = 1;", None),
    ],
)
def test_exports(text: str, names: set[str] | None) -> None:
    assert exports(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "const page = 1;",
        "let a = 1, page = 2;",
        "const { page } = x;",
        "const { y: page = 1 } = x;",
        "const [first, page] = x;",
        "import page from './a.js'",
        "import { other as page } from './a.js'",
        "import * as page from './a.js'",
        "function page() {}",
        "class page {}",
        "const f = (page) => page;",
        "const f = page => page;",
        "const f = (...page) => page;",
        "const o = { f(page) { return page; } };",
        "try { f(); } catch (page) { g(page); }",
        "for (const page of pages) f(page);",
        "page = 1;",
    ],
)
def test_a_name_that_may_be_declared(text: str) -> None:
    assert may_declare(text, "page")


@pytest.mark.parametrize(
    "text",
    [
        "f(page);",
        "x.page = 1;",
        "// const page = 1",
        "const s = 'page'; f(page)",
        "import a from 'a'\nexport function f() { return page(1) }\nconst b = 1",
        "if (page === 1) f();",
        "const pages = page;",
    ],
)
def test_a_name_that_is_only_used(text: str) -> None:
    assert not may_declare(text, "page")


def test_a_property_a_text_and_a_comment_are_no_uses() -> None:
    text = "x.page;\n'page';\n// page\nf(page);\nf(...page);"
    assert [uses(text, line, "page") for line in range(7)] == [False, False, False, False, True, True, False]
