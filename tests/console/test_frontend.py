"""The frontend's service: what it hands out, and what it never hands out."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from shakeout.console import protocol
from shakeout.console.auth.messages import NewAccount
from shakeout.console.frontend import app as frontend_app
from shakeout.console.frontend.bundle import FOLDER, Bundle
from shakeout.console.service import SettingsError

COMMIT = "8f3c2a91d7e64b05a1c9f2e87b6d4035c1ae9f72"
ENVIRONMENT = {
    "PORT": "0",
    "COMMIT": COMMIT,
    "AUTH_URL": "http://127.0.0.1:7001",
    "BACKEND_URL": "https://backend.example.com/",
}


@pytest.fixture(scope="module")
def client():
    app, _ = frontend_app.build(ENVIRONMENT)
    with TestClient(app) as client:
        yield client


def policy_of(answer) -> dict[str, str]:
    parts = answer.headers["content-security-policy"].split("; ")
    return {name: sources for name, _, sources in (part.partition(" ") for part in parts)}


def test_it_is_ready_without_any_backing_service(client):
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {"ok": True, "service": "frontend", "live": True, "ready": True, "backing_services": {}}


def test_the_version_says_which_commit_and_protocol_the_bundle_was_made_for(client):
    version = client.get("/version").json()
    assert version["service"] == "frontend"
    assert version["commit"] == COMMIT
    assert version["protocol"] == protocol.version()
    assert version["bundle"] == {"commit": COMMIT, "protocol": protocol.version()}


def test_the_configuration_names_the_addresses_that_a_browser_calls(client):
    assert client.get("/config.json").json() == {
        "ok": True,
        "auth_url": "http://127.0.0.1:7001",
        "backend_url": "https://backend.example.com",
        "commit": COMMIT,
        "protocol": protocol.version(),
        "version": client.get("/version").json()["version"],
    }


def test_the_bundle_lists_the_digest_of_every_file_as_it_is_served(client):
    bundle = client.get("/bundle.json").json()
    assert (bundle["commit"], bundle["protocol"]) == (COMMIT, protocol.version())
    assert {"index.html", "static/app.js", "static/vendor/preact/preact.mjs"} <= bundle["files"].keys()
    for path, digest in bundle["files"].items():
        answer = client.get("/" if path == "index.html" else f"/{path}")
        assert answer.status_code == 200, path
        assert hashlib.sha256(answer.content).hexdigest() == digest, path


def test_the_bundle_stays_what_was_read_at_start(tmp_path):
    (tmp_path / "index.html").write_text("one")
    bundle = Bundle.read(tmp_path)
    (tmp_path / "index.html").write_text("two")
    assert bundle.files["index.html"].content == b"one"


def test_hidden_files_and_links_that_lead_outside_are_no_part_of_the_bundle(tmp_path):
    outside = tmp_path / "outside.js"
    outside.write_text("secret")
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "index.html").write_text("page")
    (folder / ".hidden.js").write_text("hidden")
    (folder / "link.js").symlink_to(outside)
    assert list(Bundle.read(folder).files) == ["index.html"]


def test_the_protocol_schema_is_the_one_that_the_backend_validates_by(client):
    assert client.get("/protocol.json").json() == {"ok": True, **protocol.schema()}


@pytest.mark.parametrize("path", ["/", "/trends", "/runs/r-1", "/runs/r-1/report", "/runs/r-1/issues/an-issue"])
def test_every_page_can_be_opened_by_its_address(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert b'<div id="app">' in answer.content


def test_scripts_and_styles_have_types_that_nosniff_accepts(client):
    assert client.get("/static/app.js").headers["content-type"] == "text/javascript; charset=utf-8"
    assert client.get("/static/vendor/htm/htm.mjs").headers["content-type"] == "text/javascript; charset=utf-8"
    assert client.get("/static/css/base.css").headers["content-type"] == "text/css; charset=utf-8"
    assert client.get("/static/app.js").headers["x-content-type-options"] == "nosniff"


def test_the_policy_allows_one_inline_script_by_its_digest_and_calls_only_to_auth_and_backend(client):
    page = client.get("/")
    policy = policy_of(page)
    (inline,) = re.findall(r"<script>(.*?)</script>", page.text, re.S)
    digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == f"'self' 'sha256-{digest}'"
    assert policy["style-src"] == policy["img-src"] == "'self'"
    assert policy["connect-src"].split() == [
        "'self'",
        "http://127.0.0.1:7001",
        "https://backend.example.com",
        "wss://backend.example.com",
    ]
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in client.get("/").headers["content-security-policy"]


def test_failures_carry_the_policy_too(client):
    assert policy_of(client.get("/nothing-here")) == policy_of(client.get("/"))


def test_the_page_has_one_inline_script_before_anything_that_it_watches_and_no_inline_style():
    page = (FOLDER / "index.html").read_text()
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", page, re.S)
    assert len(scripts) == 2 and scripts[1] == ""
    assert page.index("<script>") < page.index("<link")
    assert not re.search(r"innerHTML|document\.write|eval\(", scripts[0])
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)


def test_no_module_writes_raw_html():
    dangerous = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerouslySetInnerHTML|eval\(")
    own = [path for path in FOLDER.rglob("*.js") if "vendor" not in path.parts]
    assert len(own) > 10
    assert [path.name for path in own if dangerous.search(path.read_text())] == []


@pytest.mark.parametrize("path", ["/nothing-here", "/static/nothing.js", "/static/", "/runs/", "/runs/a/b"])
def test_what_is_not_there_is_answered_in_the_one_shape(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    body = answer.json()
    assert body["ok"] is False
    assert body["error"]["code"] == "NOT_FOUND"
    assert body["error"]["message"]


def test_a_method_that_a_page_has_not_is_answered_in_the_one_shape(client):
    answer = client.post("/")
    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2f%2e%2e%2fservice.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/..\\app.py",
        "/static/app.js%00.css",
    ],
)
def test_no_path_leads_out_of_the_bundle(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["ok"] is False


def test_a_browser_that_has_a_file_is_not_sent_it_again(client):
    first = client.get("/static/app.js")
    again = client.get("/static/app.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/static/app.js", headers={"If-None-Match": '"other"'}).status_code == 200


def test_files_are_packed_only_for_those_who_take_that(client):
    plain = client.get("/static/app.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    packed = client.get("/static/app.js", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    file = Bundle.read().files["static/app.js"]
    assert file.packed is not None
    assert gzip.decompress(file.packed) == plain.content


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTH_URL", ""),
        ("AUTH_URL", "auth.example.com"),
        ("BACKEND_URL", "ftp://backend.example.com"),
        ("BACKEND_URL", "https://backend.example.com; script-src *"),
        ("BACKEND_URL", "https://user:secret@backend.example.com"),
        ("BACKEND_URL", "http://backend.example.com:port"),
        ("PORT", "http"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not_repeated_where_it_may_be_secret(name, value):
    with pytest.raises(SettingsError) as caught:
        frontend_app.build({**ENVIRONMENT, name: value})
    assert [fault.partition(":")[0] for fault in caught.value.faults] == [name]
    assert "secret" not in str(caught.value)


def test_every_wrong_setting_is_told_at_once():
    with pytest.raises(SettingsError) as caught:
        frontend_app.build({})
    assert [fault.partition(":")[0] for fault in caught.value.faults] == ["PORT", "AUTH_URL", "BACKEND_URL"]


def test_the_table_of_vendored_files_is_true():
    folder = FOLDER / "vendor"
    rows = re.findall(
        r"^\| (\S+/\S+) \| .* \| `([0-9a-f]{64})` \|$", (folder / "VENDORED.md").read_text(), re.MULTILINE
    )
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert {name for name, _ in rows} == found.keys() - {"VENDORED.md"}
    for name, digest in rows:
        assert hashlib.sha256(found[name].read_bytes()).hexdigest() == digest, name


def test_the_pages_name_no_other_origin():
    own = [path for path in FOLDER.rglob("*") if path.is_file() and "vendor" not in path.parts]
    urls = {url for path in own for url in re.findall(r"https?://[\w.-]+", path.read_text())}
    assert urls <= {"http://www.w3.org"}  # the namespace of the icon


def test_every_module_that_is_imported_is_in_the_bundle():
    served = Bundle.read().files.keys()
    for path in FOLDER.rglob("*.js"):
        for name in re.findall(r"""(?:from |import\()["'](\.[^"']+)["']""", path.read_text()):
            target = (path.parent / name).resolve().relative_to(FOLDER.resolve()).as_posix()
            assert f"static/{target}" in served, f"{path.name} imports {name}"


def test_the_page_asks_for_every_module_at_once():
    page = (FOLDER / "index.html").read_text()
    asked = re.findall(r'(?:modulepreload" href|module" src)="/static/([^"]+)"', page)
    own = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.js") if "vendor" not in path.parts}
    assert len(asked) == len(set(asked))
    assert set(asked) == own | {"vendor/preact/preact.mjs", "vendor/preact/hooks.mjs", "vendor/htm/htm.mjs"}


def test_the_sample_report_has_the_sections_of_a_report():
    report = json.loads((Path(__file__).parent / "staging_report.json").read_text())
    assert [issue["priority"] for issue in report["issues"]] == ["CRITICAL", "HIGH", "MEDIUM"]
    for issue in report["issues"]:
        assert all(why["evidence"] for why in issue["whys"])


def test_the_page_asks_for_passwords_as_long_as_the_auth_service_does():
    page = (FOLDER / "pages" / "sign_in.js").read_text()
    (least,) = [
        limit.min_length for limit in NewAccount.model_fields["password"].metadata if hasattr(limit, "min_length")
    ]
    assert f"minlength=${{creating ? {least} : undefined}}" in page and f"At least {least} characters." in page
