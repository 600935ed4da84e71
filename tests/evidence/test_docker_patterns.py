"""Docker's matching rules, as a table. The expectations are those of moby's own tests and of the real engine."""

from __future__ import annotations

import time

import pytest

from shakeout.evidence.docker_patterns import BadPatternError, DockerPattern, deciding_pattern, read_patterns

OUT, IN = True, False


@pytest.mark.parametrize(
    ("patterns", "path", "out"),
    [
        ("foo", "foo", OUT),
        ("foo", "foo/bar.py", OUT),
        ("foo", "a/foo", IN),
        ("*.log", "x.log", OUT),
        ("*.log", "a/x.log", IN),
        ("**/*.log", "a/b/x.log", OUT),
        ("**/*.log", "x.log", OUT),
        ("*/temp*", "a/temporary.txt", OUT),
        ("*/temp*", "a/b/temporary.txt", IN),
        ("*/*/temp*", "a/b/temp", OUT),
        ("temp?", "tempa", OUT),
        ("temp?", "temp", IN),
        ("a/../b", "b/x.py", OUT),
        ("a/../b", "a/x.py", IN),
        ("./foo", "foo", OUT),
        ("/foo", "foo", OUT),
        ("foo/", "foo/bar", OUT),
        ("foo//bar", "foo/bar", OUT),
        ("foo/**", "foo/a/b", OUT),
        ("foo/**", "foo", IN),
        ("**", "a/b", OUT),
        ("**/foo", "foo", OUT),
        ("**/foo", "a/b/foo", OUT),
        ("**/foo", "a/bfoo", IN),
        ("**foo", "a/bfoo", OUT),
        ("a/**/b", "a/b", OUT),
        ("a/**/b", "a/x/y/b", OUT),
        ("a/**/b", "a/xb", IN),
        ("a**/b", "a/b", OUT),
        ("[abc].py", "a.py", OUT),
        ("[^a].py", "b.py", OUT),
        ("[^a].py", "a.py", IN),
        ("[!a].py", "a.py", OUT),
        ("[!a].py", "!.py", OUT),
        ("[!a].py", "b.py", IN),
        ("[a-c]x", "bx", OUT),
        ("[a-c]x", "dx", IN),
        (r"\*.py", "*.py", OUT),
        (r"\*.py", "a.py", IN),
        ("a.py", "aXpy", IN),
        ("a+(b)", "a+(b)", OUT),
        ("# comment", "# comment", IN),
        (" # no comment", "# no comment", OUT),
        ("  foo  ", "foo", OUT),
        ("\ufefffoo", "foo", OUT),
        ("foo\r", "foo", OUT),
        ("FOO", "foo", IN),
        ("é?", "éa", OUT),
        (".", "foo", IN),
        ("*\n!README.md", "README.md", IN),
        ("*\n!README.md", "LICENSE", OUT),
        ("!README.md\n*", "README.md", OUT),
        ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", OUT),
        ("*.md\n!README*.md\nREADME-secret.md", "README-open.md", IN),
        ("docs\n!docs/keep.py", "docs/keep.py", IN),
        ("docs\n!docs/keep.py", "docs/other.py", OUT),
        ("*\n!src", "src/a/b.py", IN),
        ("*\n!src\nsrc/a", "src/a/b.py", OUT),
        ("*\n!src/**/*.py", "src/a/b.py", IN),
        ("*\n!src/**/*.py", "src/a/b.txt", OUT),
        ("! foo\nfoo", "foo", OUT),
        ("foo\n! foo", "foo", IN),
        ("**/node_modules\n!web/node_modules", "web/node_modules/x.js", IN),
        ("**/test_*", "shop/test_data/rates.py", OUT),
    ],
)  # fmt: skip
def test_a_path_is_kept_out_as_docker_does_it(patterns: str, path: str, out: bool) -> None:
    assert (deciding_pattern(path, read_patterns(patterns)) is not None) is out


def test_the_deciding_pattern_has_its_line() -> None:
    found = deciding_pattern("data/rates.py", read_patterns("# what is large\n\ndata\n*.log\n"))
    assert found is not None
    assert (found.text, found.line) == ("data", 3)


@pytest.mark.parametrize("text", ["[a", "!", "[c-a]", "a\\"])
def test_a_pattern_that_docker_refuses_is_refused(text: str) -> None:
    with pytest.raises(BadPatternError):
        DockerPattern(text)


def test_a_hostile_pattern_is_matched_in_bounded_time() -> None:
    start = time.monotonic()
    assert not DockerPattern("**/a" * 60 + "/x").matches("a/" * 300 + "y")
    assert not DockerPattern("*a" * 60).matches("a" * 3000 + "b")
    assert time.monotonic() - start < 5
