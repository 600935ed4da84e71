"""Proof by asking again."""

from __future__ import annotations

import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest

from shakeout.casework import Case, Result, run_case
from shakeout.catalogue import rules
from shakeout.evidence.declarations import Declarations
from shakeout.evidence.repository import Repository
from shakeout.fixes.proving import Proof, prove
from shakeout.manifest.loading import parse_manifest
from shakeout.manifest.planning import make_plan
from shakeout.runs.sources import declarations_of
from shakeout.why import Because, Remedy
from shakeout.why.chain import Chain
from shakeout.why.sources import Sources

USE = "import os\n\n\ndef limit():\n    return env('LIMIT')\n"
LOST = {
    "commits": [
        {"subject": "Start", "files": {"shop/orders.py": "from shop.settings import env\n" + USE}},
        {"subject": "Tidy imports", "files": {"shop/orders.py": USE}},
    ],
    "logs": [
        {
            "service": "shop",
            "text": "Traceback (most recent call last):\n"
            '  File "/app/shop/orders.py", line 5, in limit\n'
            "    return env('LIMIT')\n"
            "NameError: name 'env' is not defined\n",
        }
    ],
}
ORDER = "class Order:\n    def total(self):\n        return 1\n"
USES = "    send('/total', one.total())\n"
RENAMED = {
    "commits": [
        {
            "subject": "Start",
            "files": {"shop/orders.py": ORDER, "shop/bills.py": "def bill(one):\n    send('/total', one.total())\n"},
        },
        {"subject": "Say net", "files": {"shop/orders.py": ORDER.replace("total", "net")}},
    ],
    "logs": [
        {
            "service": "shop",
            "text": "Traceback (most recent call last):\n"
            '  File "/app/shop/bills.py", line 2, in bill\n'
            f"{USES}"
            "AttributeError: 'Order' object has no attribute 'total'\n",
        }
    ],
}
MANIFEST = textwrap.dedent("""\
    version: 1
    application: shop
    services:
      web:
        run: node server.js
        environment:
          REGION: north
          STRIPE_KEY: abc
    environments: {local: {}}
    """)
SETTING = {
    "manifest": {},
    "commits": [
        {"subject": "Start", "files": {"shakeout.yaml": MANIFEST}},
        {"subject": "Tidy", "files": {"shakeout.yaml": MANIFEST.replace("      STRIPE_KEY: abc\n", "")}},
    ],
    "platform": {
        "items": [
            {"name": "web", "kind": "service", "state": "not deployed", "reason": "exited", "facts": {"exit_status": 1}}
        ]
    },
    "logs": [{"service": "web", "text": "ERROR web STRIPE_KEY is not set\n"}],
}


def explained(data: dict[str, object], folder: Path) -> tuple[Result, Chain]:
    result = run_case(Case(rule="none", name="none", expect="fires", data=data, file=folder), folder)
    (chain,) = result.chains
    return result, chain


def redeclare(copy: Repository) -> Declarations:
    text = copy.text("shakeout.yaml") or ""
    loaded = parse_manifest(text)
    plan = make_plan(loaded, environment=None, commit=copy.commit, dirty=False, repository=copy.folder, caller={})
    return declarations_of(plan, copy.folder / "none")


def with_patch(chain: Chain, change: str, to: str) -> Chain:
    """The chain with another text in its patch."""

    def corrected(because: Because) -> Because:
        fixes = [
            Remedy(item.kind, item.summary, patch=(item.patch or "").replace(change, to)) for item in because.fixes
        ]
        return Because(because.cause, because.evidence, strength=because.strength, fixes=fixes)

    return replace(chain, links=tuple(replace(link, because=corrected(link.because)) for link in chain.links))


def test_an_import_that_is_put_back_is_proved(tmp_path: Path) -> None:
    result, chain = explained(LOST, tmp_path)
    found = prove(chain, rules(), result.sources)
    assert found is not None and found.status == "proved"
    assert "shop/orders.py" in found.detail


def test_a_patch_that_binds_another_name_is_not_proved(tmp_path: Path) -> None:
    result, chain = explained(LOST, tmp_path)
    found = prove(with_patch(chain, "+from shop.settings import env", "+from shop.settings import end"), rules(),
                  result.sources)  # fmt: skip
    assert found is not None and found.status == "not proved"
    assert "still holds" in found.detail


def test_a_patch_that_takes_the_use_away_from_its_line_is_no_proof_of_the_import(tmp_path: Path) -> None:
    """The line that is asked about follows the patch, so that a moved line is not taken for a bound name."""
    result, chain = explained(LOST, tmp_path)
    moved = with_patch(chain, "+from shop.settings import env", "+import sys")
    found = prove(moved, rules(), result.sources)
    assert found is not None and found.status == "not proved"


def test_a_use_of_the_new_name_is_proved_and_of_any_other_is_not(tmp_path: Path) -> None:
    result, chain = explained(RENAMED, tmp_path)
    found = prove(chain, rules(), result.sources)
    assert found is not None and found.status == "proved", found
    found = prove(with_patch(chain, "one.net()", "one.total(0)"), rules(), result.sources)
    assert found is not None and found.status == "not proved"


def test_a_setting_that_the_manifest_has_again_is_proved(tmp_path: Path) -> None:
    result, chain = explained(SETTING, tmp_path)
    found = prove(chain, rules(), result.sources, redeclare)
    assert found is not None and found.status == "proved", found


def test_a_setting_of_another_name_is_not_proved(tmp_path: Path) -> None:
    result, chain = explained(SETTING, tmp_path)
    found = prove(with_patch(chain, "+      STRIPE_KEY", "+      BANK_KEY"), rules(), result.sources, redeclare)
    assert found is not None and found.status == "not proved"


def test_a_manifest_that_cannot_be_read_any_more_is_not_proved(tmp_path: Path) -> None:
    result, chain = explained(SETTING, tmp_path)
    found = prove(
        with_patch(chain, "+      STRIPE_KEY: abc", "+      STRIPE_KEY abc"), rules(), result.sources, redeclare
    )
    assert found is not None and found.status == "not proved"
    assert "cannot be read" in found.detail


def test_a_patch_that_does_not_fit_is_not_proved(tmp_path: Path) -> None:
    result, chain = explained(LOST, tmp_path)
    found = prove(with_patch(chain, " import os", " import sys"), rules(), result.sources)
    assert found is not None and found.status == "not proved"
    assert "does not fit" in found.detail


def without(chain: Chain) -> Chain:
    links = tuple(
        replace(link, because=Because(link.cause, link.because.evidence, strength=link.strength))
        for link in chain.links
    )
    return replace(chain, links=links)


def test_a_cause_without_a_patch_is_not_tried(tmp_path: Path) -> None:
    result, chain = explained(LOST, tmp_path)
    found = prove(without(chain), rules(), result.sources)
    assert found is not None and found.status == "not tried"


def test_without_a_repository_nothing_is_tried(tmp_path: Path) -> None:
    _, chain = explained(LOST, tmp_path)
    found = prove(chain, rules(), Sources())
    assert found is not None and found.status == "not tried"
    assert "--repo" in found.detail


def test_what_only_the_running_system_decides_is_not_tried(tmp_path: Path) -> None:
    result, chain = explained(LOST, tmp_path)
    blind = [replace(rule, sources=()) for rule in rules()]
    found = prove(chain, blind, result.sources)
    assert found == Proof(status="not tried", detail="only the running system decides this; deploy the fix: `--prove`")


def test_an_unexplained_symptom_has_nothing_to_prove(tmp_path: Path) -> None:
    result, chain = explained(LOST, tmp_path)
    assert prove(replace(chain, root=None), rules(), result.sources) is None


@pytest.mark.parametrize("data", [LOST, SETTING], ids=["name", "setting"])
def test_asking_again_takes_less_than_a_second(data: dict[str, object], tmp_path: Path) -> None:
    result, chain = explained(data, tmp_path)
    start = time.process_time()
    prove(chain, rules(), result.sources, redeclare)
    assert time.process_time() - start < 1.0
