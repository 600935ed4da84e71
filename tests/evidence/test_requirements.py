"""Which packages the usual files ask for, with group and line."""

# ruff: noqa: E501 -- a table
from __future__ import annotations

import pytest

from shakeout.evidence.requirements import distributions, read_requirements

PROJECT = """[project]
name = "shop"
dependencies = ["flask>=3", "PyYAML"]

[project.optional-dependencies]
dev = [
    "pytest",  # tests
    "uvicorn[standard]",
]

[tool.poetry.dependencies]
python = "^3.11"
Django = "^5"

[tool.poetry.group.lint.dependencies]
ruff = "*"

[dependency-groups]
test = ["hypothesis"]
"""


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("requirements.txt", "flask==3\n# no\n-r other.txt\nPy_YAML[x]>=6 ; python_version>'3'\n", [("flask", "main", 1), ("py-yaml", "main", 4)]),
        ("requirements-dev.txt", "pytest\n", [("pytest", "dev", 1)]),
        ("requirements/prod.txt", "git+https://example.com/a.git#egg=own_lib\n", [("own-lib", "main", 1)]),
        ("pyproject.toml", PROJECT, [("flask", "main", 3), ("pyyaml", "main", 3), ("pytest", "dev", 7), ("uvicorn", "dev", 8), ("django", "main", 13), ("ruff", "lint", 16), ("hypothesis", "test", 19)]),
        ("setup.cfg", "[options]\ninstall_requires =\n    flask>=2\n    requests\n[options.extras_require]\ndev =\n    pytest\n", [("flask", "main", 3), ("requests", "main", 4), ("pytest", "dev", 7)]),
        ("setup.py", "from setuptools import setup\nsetup(install_requires=[\n    'flask',\n])\n", [("flask", "main", 3)]),
        ("Pipfile", "[packages]\nflask = '*'\n[dev-packages]\npytest = '*'\n", [("flask", "main", 2), ("pytest", "dev", 4)]),
        ("package.json", '{\n "dependencies": {\n  "@a/b": "1"\n },\n "devDependencies": {\n  "vitest": "1"\n }\n}', [("@a/b", "main", 3), ("vitest", "dev", 6)]),
    ],
)  # fmt: skip
def test_a_file_asks_for(path: str, text: str, expected: list[object]) -> None:
    assert list(read_requirements(path, text)) == expected


@pytest.mark.parametrize(
    ("module", "first", "assumed"),
    [
        ("yaml", "pyyaml", False),
        ("rest_framework.views", "djangorestframework", False),
        ("google.cloud.storage", "google-cloud-storage", False),
        ("flask_login", "flask-login", True),
    ],
)
def test_an_import_is_provided_by(module: str, first: str, assumed: bool) -> None:
    names, guessed = distributions(module)
    assert (names[0], guessed) == (first, assumed)
