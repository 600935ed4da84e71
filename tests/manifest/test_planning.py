"""The plan that comes of a manifest."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest

from shakeout.errors import ManifestError
from shakeout.manifest.interpolation import LateValues, resolve_late
from shakeout.manifest.loading import parse_manifest
from shakeout.manifest.plan import Plan
from shakeout.manifest.planning import make_plan, resolve_pins

MANIFEST = """\
version: 1
application: parcel-desk
services:
  frontend:
    run: ${python} -m desk.frontend --title "${env.TITLE:-Parcel desk}"
    needs: [backend]
    pin: HEAD~1
    environment:
      COMMIT: ${commit}
      BACKEND_URL: ${services.backend.url}
  backend:
    run: [desk-backend, --port, "${port}"]
    needs: [auth, history]
    environment:
      HISTORY_URL: ${backing.history.url}
      DATABASE_URL: postgresql://desk:${secrets.db-password}@db.example.com/desk
      WHERE: ${environment}
      TEXT: costs $${env.X}
    secrets: {TOKEN_KEY: token-key}
    start: {deadline: 20s}
  auth:
    run: desk-auth
    environment: {ORIGIN: "${services.frontend.url}", DATABASE_URL: "${backing.accounts.url}"}
    secrets: {TOKEN_KEY: token-key}
backing_services:
  accounts: {kind: sqlite, url: "sqlite:///${data}/accounts.db", reported_by: auth}
  history: {kind: clickhouse, disabled: true, required: false}
secrets:
  token-key: {generate: true}
  db-password: {env: DB_PASSWORD}
environments:
  local:
    pass_environment: [LANG, API_TOKEN, NOT_SET]
  staging:
    target: cloud-run
    secrets: {token-key: {secret_manager: desk-token-key}}
    backing_services:
      history: {url: "${env.HISTORY}"}
    services:
      backend:
        start: {restarts: 2}
        environment: {WHERE: here}
    checks:
      parcels: {kind: http, service: backend, path: "/parcels?in=${environment}"}
"""
COMMIT = "a" * 40
CALLER = {
    "DB_PASSWORD": "pw-of-${port}",
    "HISTORY": "https://ch.example.com:8443/desk",
    "LANG": "C",
    "API_TOKEN": "tok-1",
}


def plan(text: str = MANIFEST, environment: str | None = None, caller: dict[str, str] | None = None) -> Plan:
    return make_plan(
        parse_manifest(text),
        environment=environment,
        commit=COMMIT,
        dirty=False,
        repository=Path("/srv/desk"),
        caller=CALLER if caller is None else caller,
    )


def test_services_come_after_what_they_need() -> None:
    assert [service.name for service in plan().services] == ["auth", "backend", "frontend"]


def test_services_that_need_nothing_keep_the_order_of_the_file() -> None:
    text = MANIFEST.replace("needs: [backend]", "needs: []")
    assert [service.name for service in plan(text).services] == ["frontend", "auth", "backend"]


def test_needs_are_told_apart_from_backing_needs() -> None:
    backend = plan().service("backend")
    assert (backend.needs, backend.backing_needs) == (("auth",), ("history",))


def test_the_default_environment_is_local() -> None:
    assert plan().environment == "local"


def test_the_default_environment_is_the_only_one() -> None:
    text = MANIFEST.split("environments:", maxsplit=1)[0] + "environments:\n  production: {}\n"
    assert plan(text).environment == "production"


def test_an_environment_has_to_be_chosen_among_several_without_local() -> None:
    with pytest.raises(ManifestError) as caught:
        plan(MANIFEST.replace("  local:\n", "  production:\n"))
    assert str(caught.value) == (
        "shakeout.yaml:31 environments: expected a choice by --environment of production, staging, got no choice"
    )


def test_an_unknown_environment_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ManifestError) as caught:
        plan(environment="stagin")
    assert str(caught.value) == (
        "shakeout.yaml:31 environments: expected one of the environments: local, staging, "
        'got "stagin" (did you mean staging?)'
    )


def test_a_command_is_split_before_references_are_replaced() -> None:
    frontend = plan(caller={**CALLER, "TITLE": 'a "b" c'}).service("frontend")
    assert frontend.command == (sys.executable, "-m", "desk.frontend", "--title", 'a "b" c')


def test_the_command_of_a_check_is_split_before_references_are_replaced() -> None:
    text = MANIFEST + "checks:\n  smoke:\n    kind: command\n    run: smoke --title ${env.TITLE}\n"
    found = plan(text, caller={**CALLER, "TITLE": "a folder"}).checks["smoke"]
    assert found.options["run"] == ["smoke", "--title", "a folder"]


def test_a_default_with_a_space_stays_one_word() -> None:
    assert plan().service("frontend").command[-1] == "Parcel desk"


def test_late_references_stay_until_the_target_knows_them() -> None:
    backend = plan().service("backend")
    assert backend.command == ("desk-backend", "--port", "${port}")
    assert [resolve_late(word, LateValues(port=8001)) for word in backend.command][-1] == "8001"


def test_an_escaped_reference_is_plain_text_in_the_end() -> None:
    text = plan().service("backend").environment["TEXT"]
    assert resolve_late(text, LateValues()) == "costs ${env.X}"


def test_the_url_of_a_disabled_backing_service_is_the_word_disabled() -> None:
    assert plan().service("backend").environment["HISTORY_URL"] == "disabled"


def test_a_url_that_says_disabled_switches_the_backing_service_off() -> None:
    text = MANIFEST.replace("disabled: true", "url: disabled")
    history = plan(text).backing_services[1]
    assert history.disabled and history.url is None


def test_an_environment_that_gives_an_address_switches_the_backing_service_on() -> None:
    history = plan(environment="staging").backing_services[1]
    assert not history.disabled
    assert history.url == "https://ch.example.com:8443/desk"
    assert history.at is not None and history.at.line == 27
    assert history.setting_at["environment"].line == 38


def test_another_kind_of_backing_service_has_none_of_the_old_addresses() -> None:
    text = MANIFEST.replace("      history: {url", "      accounts: {kind: postgresql}\n      history: {url")
    text = text.replace("environment: {WHERE: here}", "secrets: {WHERE: db-password}").replace(
        "backing.accounts", "backing.history"
    )
    accounts = plan(text, environment="staging").backing_services[0]
    assert (accounts.kind, accounts.url) == ("postgresql", None)


def test_the_data_folder_of_a_backing_service_is_resolved_late() -> None:
    url = plan().service("auth").environment["DATABASE_URL"]
    assert resolve_late(url, LateValues(data="/run/1")) == "sqlite:////run/1/accounts.db"


def test_a_value_with_a_secret_in_it_is_a_secret_and_is_not_interpolated_again() -> None:
    backend = plan().service("backend")
    assert "DATABASE_URL" not in backend.environment
    assert backend.secret_environment["DATABASE_URL"] == "postgresql://desk:pw-of-${port}@db.example.com/desk"


def test_a_generated_secret_is_the_same_for_every_service_of_one_plan() -> None:
    one = plan()
    assert one.service("auth").secret_environment["TOKEN_KEY"] == one.service("backend").secret_environment["TOKEN_KEY"]
    assert len(one.service("auth").secret_environment["TOKEN_KEY"]) >= 40


def test_a_generated_secret_is_new_for_every_plan() -> None:
    assert plan().secret_values != plan().secret_values


def test_no_secret_is_in_the_plan_s_text() -> None:
    one = plan()
    assert len(one.secret_values) == 3
    assert not [value for value in one.secret_values if value in repr(one)]


def test_a_secret_of_the_platform_is_passed_by_its_name() -> None:
    backend = plan(environment="staging").service("backend")
    assert backend.secret_references == {"TOKEN_KEY": "desk-token-key"}
    assert "TOKEN_KEY" not in backend.secret_environment


def test_a_secret_is_read_from_a_file_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("pw-from-file\n")
    loaded = parse_manifest(MANIFEST.replace("{env: DB_PASSWORD}", "{file: password}"))
    one = make_plan(loaded, environment=None, commit=COMMIT, dirty=True, repository=tmp_path, caller={})
    assert one.service("backend").secret_environment["DATABASE_URL"].count("pw-from-file") == 1


def test_only_passed_variables_of_the_caller_reach_a_service() -> None:
    auth = plan(caller={**CALLER, "HOME": "/home/someone"}).service("auth")
    assert sorted(auth.environment) == ["DATABASE_URL", "LANG", "ORIGIN"]
    assert sorted(auth.secret_environment) == ["API_TOKEN", "TOKEN_KEY"]


def test_an_override_replaces_only_what_it_names() -> None:
    backend = plan(environment="staging").service("backend")
    assert (backend.start.deadline, backend.start.restarts) == (20.0, 2)
    assert backend.environment["WHERE"] == "here"
    assert backend.setting_at["start.deadline"].line == 20
    assert backend.setting_at["start.restarts"].line == 41
    assert backend.setting_at["environment.WHERE"].line == 42


def test_a_variable_that_an_environment_gives_plainly_is_no_secret_there() -> None:
    text = MANIFEST.replace("environment: {WHERE: here}", "environment: {TOKEN_KEY: '${env.LANG}'}")
    backend = plan(text, environment="staging").service("backend")
    assert backend.environment["TOKEN_KEY"] == "C"
    assert not backend.secret_references


def test_an_environment_can_add_a_check() -> None:
    staging = plan(environment="staging")
    assert staging.checks["parcels"].options == {"path": "/parcels?in=staging"}
    assert staging.check_at["parcels"].line == 44
    assert staging.check_setting_at["parcels.path"].line == 44
    assert not plan().checks


def test_a_pin_is_the_service_s_commit_once_it_is_resolved() -> None:
    before = plan().service("frontend")
    assert (before.pinned, before.commit, before.environment["COMMIT"]) == (True, "HEAD~1", "${commit}")
    after = resolve_pins(plan(), {"HEAD~1": "b" * 40}.get).service("frontend")
    assert (after.commit, after.environment["COMMIT"]) == ("b" * 40, "b" * 40)


def test_an_unknown_pin_names_its_line() -> None:
    with pytest.raises(ManifestError) as caught:
        resolve_pins(plan(), lambda revision: None)
    assert str(caught.value) == (
        'shakeout.yaml:7 services.frontend.pin: expected a revision of the repository, got "HEAD~1"'
    )


def test_a_service_with_an_address_in_this_environment_is_not_started() -> None:
    text = MANIFEST.replace("        start: {restarts: 2}", "        url: https://api.example.com/")
    backend = plan(text, environment="staging").service("backend")
    assert (backend.url, backend.command) == ("https://api.example.com", ())


def test_settings_are_located_in_the_repository(tmp_path: Path) -> None:
    path = tmp_path / "deploy" / "shakeout.yaml"
    loaded = dataclasses.replace(parse_manifest(MANIFEST), path=path)
    one = make_plan(loaded, environment=None, commit=COMMIT, dirty=False, repository=tmp_path, caller=CALLER)
    assert one.manifest_path == "deploy/shakeout.yaml"
    assert str(one.service("frontend").setting_at["pin"]) == "deploy/shakeout.yaml:7"


@pytest.mark.parametrize(
    ("old", "new", "caller", "message"),
    [
        (
            "WHERE: ${environment}",
            "WHERE: ${env.REGION}",
            CALLER,
            "shakeout.yaml:17 services.backend.environment.WHERE: expected the variable REGION, "
            "got nothing: it is not set (export REGION, or write ${env.REGION:-default})",
        ),
        (
            "",
            "",
            {},
            "shakeout.yaml:30 secrets.db-password.env: expected the variable DB_PASSWORD, "
            "got nothing: it is not set (export DB_PASSWORD)",
        ),
        (
            "",
            "",
            {"DB_PASSWORD": ""},
            "shakeout.yaml:30 secrets.db-password.env: expected the variable DB_PASSWORD, "
            "got an empty one (export DB_PASSWORD)",
        ),
        (
            "{env: DB_PASSWORD}",
            "{file: absent/password}",
            CALLER,
            "shakeout.yaml:30 secrets.db-password.file: expected a file that holds the secret, "
            'got "absent/password" (No such file or directory)',
        ),
        (
            "{env: DB_PASSWORD}",
            "{secret_manager: x}",
            CALLER,
            "shakeout.yaml:16 services.backend.environment.DATABASE_URL: expected a secret whose value shakeout can "
            "read, got ${secrets.db-password} by secret_manager (name it in the service's `secrets`)\n"
            "shakeout.yaml:30 secrets.db-password.secret_manager: expected a source that target local can read, "
            "got a secret manager's name (give environments.local.secrets.db-password another source)",
        ),
        (
            "disabled: true, ",
            "",
            CALLER,
            "shakeout.yaml:15 services.backend.environment.HISTORY_URL: expected an address of history in environment "
            "local, got none (give backing_services.history a url, or `disabled: true`)",
        ),
        (
            "disabled: true, ",
            "url: ftp://ch.example.com, ",
            CALLER,
            "shakeout.yaml:27 backing_services.history.url: expected an address that begins with chdb:// or http:// or "
            'https:// or clickhouse:// or clickhouses://, got "ftp://ch.example.com"',
        ),
        (
            "    run: desk-auth\n",
            "",
            CALLER,
            "shakeout.yaml:21 services.auth.run: expected a command, got nothing "
            "(target local starts each service; give `url` for one that somebody else deploys)",
        ),
        (
            "run: desk-auth",
            "url: auth.example.com",
            CALLER,
            "shakeout.yaml:22 services.auth.url: expected an address that begins with http:// or https://, "
            'got "auth.example.com"',
        ),
    ],
)
def test_what_only_the_plan_can_find_wrong(old: str, new: str, caller: dict[str, str], message: str) -> None:
    with pytest.raises(ManifestError) as caught:
        plan(MANIFEST.replace(old, new), caller=caller)
    lines = {fault.line for fault in caught.value.faults}
    assert max(lines) <= MANIFEST.count("\n")
    assert str(caught.value) == message


def test_generate_is_refused_where_a_release_outlives_the_run() -> None:
    text = MANIFEST.replace("    secrets: {token-key: {secret_manager: desk-token-key}}\n", "")
    with pytest.raises(ManifestError) as caught:
        plan(text, environment="staging")
    assert str(caught.value) == (
        "shakeout.yaml:29 secrets.token-key.generate: expected a source that outlives this run, "
        "got generate on target cloud-run (give environments.staging.secrets.token-key another source)"
    )
