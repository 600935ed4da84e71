"""`shakeout init`: what it takes from a repository, what it says of each line, and that the result can be used."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shakeout.cli.execute import execute
from shakeout.errors import UsageError
from shakeout.manifest.drafting.drafting import draft_of
from shakeout.manifest.loading import LoadedManifest, parse_manifest
from shakeout.manifest.planning import make_plan
from shakeout.runs.pipeline import Run
from shakeout.runs.request import make_request
from shakeout.runs.targets import make_target
from shakeout.testing import SmallRepository

MARKET = Path(__file__).parents[1] / "fixtures" / "applications" / "parcel_market"
KEY = {"ORDERS_API_KEY": "a-key-of-the-test"}


def draft(folder: Path, files: dict[str, str], *environments: str) -> tuple[str, LoadedManifest]:
    """The draft for a repository of these files; it loads, and its environment `local` can be planned."""
    SmallRepository(folder).commit("Start", files)
    text = draft_of(folder, environments)
    loaded = parse_manifest(text)
    caller = {item.env: "word-of-the-caller" for item in loaded.manifest.secrets.values() if item.env}
    make_plan(loaded, environment="local", commit="0" * 40, dirty=False, repository=folder, caller=caller)
    return text, loaded


def line(text: str, start: str) -> str:
    """The only line of a text that begins so, without its indent."""
    (found,) = [row.strip() for row in text.splitlines() if row.strip().startswith(start)]
    return found


@pytest.fixture
def market(tmp_path: Path) -> Path:
    """The application of another layout, without a manifest."""
    folder = tmp_path / "parcel-market"
    shutil.copytree(MARKET, folder, ignore=shutil.ignore_patterns("shakeout.yaml", "__pycache__"))
    SmallRepository(folder).commit("Start")
    return folder


def shakeout(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shakeout", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.xdist_group("market")
def test_the_draft_of_a_real_application_deploys_as_it_is(market: Path) -> None:
    done = shakeout(market, "init")
    assert done.returncode == 0, done.stderr
    assert "storefront, orders in local, staging" in done.stdout
    SmallRepository(market).commit("Write a manifest")
    request = make_request(
        manifest=market / "shakeout.yaml",
        environment="local",
        revision="HEAD",
        dirty=False,
        caller={**os.environ, **KEY},
    )
    try:
        report = execute(Run(request=request, target=make_target(request), progress=lambda line: None)).report
    finally:
        request.repository.close()
    assert report.status == "SUCCESSFUL", [(item.name, item.detail) for item in report.checks]
    passed = {item.name for item in report.checks if item.outcome == "passed"}
    assert {"orders-health", "storefront-health", "versions-orders", "versions-storefront"} <= passed


def test_each_line_says_where_it_comes_from_and_no_secret_is_copied(market: Path) -> None:
    text = draft_of(market)
    number = (market / "apps/orders/orders/web.py").read_text().splitlines().index('@app.get("/-/health")') + 1
    assert line(text, 'health: {path: "/-/health"}').endswith(f"# from apps/orders/orders/web.py:{number}")
    for row in text.splitlines():
        told = "# from " in row or "unsure: " in row
        structure = row.strip().rstrip(":") in {"", "services", "environment", "secrets", "environments", "options"}
        assert (
            told or structure or row.startswith(("#", "version:")) or row.strip() in {"local: {}", "orders-api-key:"}
        ), row
    for at in [row.split("# from ", 1)[1].split(";")[0].split(",")[0] for row in text.splitlines() if "# from " in row]:
        path, _, number = at.strip().rpartition(":")
        if number.isdigit():
            assert len((market / path).read_text().splitlines()) >= int(number), at
    assert "change-me-9f3b2a71c0" not in text
    assert "ORDERS_API_KEY: orders-api-key" in text and "env: ORDERS_API_KEY" in text
    assert 'ORDERS_URL: "${services.orders.url}"' in text
    assert line(text, 'run: "python scripts/deploy.py').endswith("# from .github/workflows/deploy.yaml:14")


def test_nothing_is_overwritten_and_a_dash_prints(market: Path) -> None:
    (market / "shakeout.yml").write_text("mine\n")
    refused = shakeout(market, "init")
    assert refused.returncode == 2 and "not overwritten" in refused.stderr and "--output -" in refused.stderr
    assert (market / "shakeout.yml").read_text() == "mine\n" and not (market / "shakeout.yaml").exists()
    (market / "other.yaml").write_text("mine too\n")
    assert shakeout(market, "init", "--output", "other.yaml").returncode == 2
    assert (market / "other.yaml").read_text() == "mine too\n"
    printed = shakeout(market, "init", "--output", "-")
    assert printed.returncode == 0 and parse_manifest(printed.stdout).manifest.services.keys() == {
        "storefront",
        "orders",
    }


def test_a_folder_without_anything_to_deploy_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("words\n")
    with pytest.raises(UsageError, match="nothing was found"):
        draft_of(tmp_path)
    assert "shakeout init" in shakeout(tmp_path, "up").stderr


def test_a_procfile_with_django(tmp_path: Path) -> None:
    files = {
        "Procfile": "web: gunicorn shop.wsgi --bind 0.0.0.0:$PORT --workers 2\nworker: celery -A shop worker\n"
        "release: python manage.py migrate\n",
        "manage.py": "",
        "shop/wsgi.py": "application = 1\n",
        "shop/urls.py": 'urlpatterns = [path("healthz/", ok)]\n',
        "requirements.txt": "django\ngunicorn\n",
    }
    text, loaded = draft(tmp_path / "shop", files)
    run = loaded.manifest.services["shop"].run
    assert run == "${python} -m gunicorn shop.wsgi --bind 127.0.0.1:${port} --workers 2"
    assert line(text, 'run: "${python} -m gunicorn').split("# ")[1].startswith("from Procfile:1")
    assert loaded.manifest.services["shop-worker"].run == "${python} -m celery -A shop worker"
    assert loaded.manifest.services["shop"].health.path == "/healthz/"
    assert "Procfile:3 is run once for each release" in text


@pytest.mark.parametrize(
    ("files", "run"),
    [
        (
            {"requirements.txt": "fastapi\nuvicorn\n", "api/main.py": "from fastapi import FastAPI\napp = FastAPI()\n"},
            "${python} -m uvicorn api.main:app --port ${port}",
        ),
        (
            {"requirements.txt": "flask\n", "web.py": "from flask import Flask\nsite = Flask(__name__)\n"},
            "${python} -m flask --app web:site run --port ${port}",
        ),
        (
            {"package.json": '{"name": "shop",\n "scripts": {"start": "node index.js"}}\n', "index.js": ""},
            "node index.js",
        ),
        ({"package.json": '{"scripts": {"start": "next start"}}\n'}, "npm run start"),
        (
            {"Dockerfile": "FROM python:3.12\nEXPOSE 8080\nCMD exec uvicorn app:api --host 0.0.0.0 --port 8080\n"},
            "${python} -m uvicorn app:api --host 127.0.0.1 --port ${port}",
        ),
        (
            {"Dockerfile": 'FROM a AS b\nCMD x\nFROM node:20\nENTRYPOINT ["node"]\nCMD ["main.js", "--port=$PORT"]\n'},
            "node main.js --port=${port}",
        ),
    ],
)
def test_how_a_service_is_started(tmp_path: Path, files: dict[str, str], run: str) -> None:
    _, loaded = draft(tmp_path / "shop", files)
    assert loaded.manifest.services["shop"].run == run


COMPOSE = """\
x-common: &common
  restart: always
services:
  web:
    <<: *common
    build: {context: ., dockerfile: docker/web.Dockerfile, target: runtime}
    command: ["gunicorn", "web:app", "-b", "0.0.0.0:5000"]
    ports: ["${WEB_PORT:-5000}:5000"]
    environment:
      - DATABASE_URL=postgresql://shop:Tr0ub4dor@db:5432/shop
      - CACHE_URL=redis://cache:6379
      - API_URL=http://api:9000/v1
      - MODE=staging
      - TOKEN
    healthcheck: {test: ["CMD", "curl", "-f", "http://localhost:5000/ready"]}
    depends_on: {db: {condition: service_healthy}, api: {condition: service_started}}
  api:
    image: registry.example.com/shop/api:1.2
    environment: {WEB_URL: "http://web:5000"}
  db:
    image: postgres:16
    ports: ["5433:5432"]
  cache:
    image: redis:7
"""


def test_a_compose_file_with_databases(tmp_path: Path) -> None:
    files = {"docker-compose.yml": COMPOSE, "docker/web.Dockerfile": "FROM python:3.12 AS runtime\nCMD web\n"}
    text, loaded = draft(tmp_path / "shop", files)
    web, backing = loaded.manifest.services["web"], loaded.manifest.backing_services
    assert web.run == "${python} -m gunicorn web:app -b 127.0.0.1:${port}"
    assert web.build.dockerfile == "docker/web.Dockerfile" and web.build.target == "runtime"
    assert web.health.path == "/ready" and web.needs == ["db", "api", "cache"]
    assert (
        web.environment["CACHE_URL"] == "${backing.cache.url}"
        and web.environment["API_URL"] == "${services.api.url}/v1"
    )
    assert web.secrets == {"DATABASE_URL": "database-url", "TOKEN": "token"}
    assert "Tr0ub4dor" not in text
    assert (backing["db"].kind, backing["cache"].kind) == ("postgresql", "redis")
    assert backing["db"].url == "${env.DB_URL:-postgresql://127.0.0.1:5433}"
    assert line(text, 'url: "${env.DB_URL').split("# ")[1].startswith("from docker-compose.yml:22")
    assert "needs" not in loaded.manifest.services["api"].model_fields_set


KNATIVE = """\
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: shop-staging
spec:
  template:
    spec:
      containers:
        - image: europe-west1-docker.pkg.dev/p/shop:1
          env:
            - {name: MODE, value: staging}
            - name: API_TOKEN
              valueFrom: {secretKeyRef: {name: shop-api-token, key: latest}}
"""


def test_cloud_run_yaml_and_a_deploy_script_become_environments(tmp_path: Path) -> None:
    files = {
        "Dockerfile": "FROM node:20\nCMD node index.js\n",
        "infra/shop.staging.yaml": KNATIVE,
        "scripts/deploy.sh": "#!/bin/bash\n",
    }
    text, loaded = draft(tmp_path / "shop", files)
    staging = loaded.manifest.environments["staging"]
    assert staging.target == "cloud-run"
    assert staging.services["shop"].environment == {"MODE": "staging"}
    assert staging.services["shop"].secrets == {"API_TOKEN": "api-token"}
    assert loaded.manifest.environments["staging-script"].options["run"] == "bash scripts/deploy.sh"
    assert "project" in text and "no file of the repository names the project" in text


def test_an_environment_that_is_asked_for_is_there(tmp_path: Path) -> None:
    _, loaded = draft(tmp_path / "shop", {"Dockerfile": "FROM node:20\nCMD node index.js\n"}, "production")
    assert loaded.manifest.environments.keys() == {"local", "production"}


HOSTILE = """\
a: &a [x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b]
services: {web: {build: ., environment: {A: *b, 'B C': 1, D: "x\\ny", E: '${', F: "#", G: "\\u2028"}}}
"""


def test_hostile_files_make_a_draft_or_one_clear_error(tmp_path: Path) -> None:
    files = {
        "compose.yaml": HOSTILE,
        "package.json": '{"scripts": {"start": ["node"]}}',
        "Procfile": "web: 'open quote\n",
        "Dockerfile": "CMD [\n",
    }
    text, _ = draft(tmp_path / "web", files)
    assert "web:" in text


def test_processes_of_one_folder_keep_what_is_their_own(tmp_path: Path) -> None:
    files = {
        "Procfile": "api: uvicorn api.main:app --host $HOST --port $PORT\nworker: python -m packer.main\n"
        "web: python -m http.server $PORT --directory public\n",
        "api/main.py": "import os\nfrom fastapi import FastAPI\napp = FastAPI()\nDB = os.environ['ORDERS_DB']\n"
        "@app.get('/healthz')\ndef healthz():\n    return {}\n",
        "packer/main.py": "import os\nAPI = os.environ['API_URL']\n\ndef ask(get):\n    return get(API + '/healthz')\n",
        "public/index.html": "<p>shop</p>\n",
    }
    text, loaded = draft(tmp_path / "shop", files)
    services = loaded.manifest.services
    assert services.keys() == {"shop-api", "shop-worker", "shop"}
    assert services["shop-api"].run == "${python} -m uvicorn api.main:app --host 127.0.0.1 --port ${port}"
    assert services["shop"].run == "${python} -m http.server ${port} --directory public"
    health = {name: service.health.path if service.health else None for name, service in services.items()}
    assert health == {"shop-api": "/healthz", "shop-worker": None, "shop": None}
    assert services["shop-worker"].environment == {"API_URL": "${services.shop-api.url}"}
    assert "unsure: the code asks for it" in line(text, "# ORDERS_DB:") and "api/main.py:4" in text


def test_a_procfiles_own_variables_are_left_to_a_shell(tmp_path: Path) -> None:
    files = {
        "Procfile": "web: gunicorn shop:app --bind $HOST:$PORT --workers $WEB_CONCURRENCY\n",
        "shop.py": "app = 1\n",
    }
    _, loaded = draft(tmp_path / "shop", files)
    command = 'exec "${python}" -m gunicorn shop:app --bind "127.0.0.1:${port}" --workers "$WEB_CONCURRENCY"'
    assert loaded.manifest.services["shop"].run == f"sh -c '{command}'"


def test_the_variable_for_the_commit_is_found_where_another_file_of_the_service_asks_for_it(tmp_path: Path) -> None:
    files = {
        "package.json": '{"scripts": {"start": "node src/server.js"}}',
        "src/config.js": "export const commit = process.env.COMMIT_SHA;\n",
        "src/server.js": "import { commit } from './config.js';\nroute('/version', () => ({ commit: commit }));\n",
    }
    _, loaded = draft(tmp_path / "desk", files)
    assert loaded.manifest.services["desk"].environment == {"COMMIT_SHA": "${commit}"}


def test_how_many_lines_are_unsure_is_counted_in_the_manifest_alone(tmp_path: Path) -> None:
    SmallRepository(tmp_path / "desk").commit("Start", {"Dockerfile": "FROM node:20\nCMD node index.js\n"})
    done = shakeout(tmp_path / "desk", "init")
    assert "1 line is unsure; look at it" in done.stdout  # the health


def test_a_django_project_beside_a_plain_service_is_described_once_and_by_its_own_code(tmp_path: Path) -> None:
    files = {
        "Dockerfile": "FROM python:3.12\nCOPY . .\n"
        'CMD ["sh", "-c", "python manage.py migrate && exec gunicorn town.wsgi --bind 0.0.0.0:$PORT"]\n',
        "letters/Dockerfile": 'FROM python:3.12\nCOPY letters/ letters/\nCMD ["python", "letters/server.py"]\n',
        "Procfile": "web: gunicorn town.wsgi --bind 0.0.0.0:$PORT\nletters: python letters/server.py\n",
        ".env.example": "DATABASE_URL=postgresql://town:pw@localhost:5432/town\nTOWN_URL=http://localhost:8000\n",
        "manage.py": "",
        "town/wsgi.py": "application = 1\n",
        "town/settings.py": 'DATABASES = {"default": dj_database_url.config()}\n',
        "town/urls.py": 'urlpatterns = [path("ready", views.ready), path("version", views.build)]\n',
        "loans/views.py": 'def build(request):\n    return JsonResponse({"sha": SHA})\n',
        "letters/server.py": 'TOWN = os.environ["TOWN_URL"]\nif self.path == "/health":\n    answer()\n',
        "scripts/smoke.py": 'get(os.environ["LETTERS_URL"] + "/pending")\n',
    }
    text, loaded = draft(tmp_path / "shop", files)
    services = loaded.manifest.services
    assert services.keys() == {"shop", "letters"}
    migrate = "${python} manage.py migrate && exec ${python} -m gunicorn town.wsgi --bind 127.0.0.1:${port}"
    assert services["shop"].run == f"sh -c '{migrate}'"
    assert (services["shop"].health.path, services["letters"].health.path) == ("/ready", "/health")
    assert (services["shop"].version.path, services["shop"].version.commit) == ("/version", "sha")
    assert services["shop"].secrets == {"DATABASE_URL": "database-url"} and not services["letters"].secrets
    assert (services["letters"].run, services["letters"].path) == ("${python} letters/server.py", ".")
    assert services["shop"].needs == services["letters"].needs == []
    assert "unsure: there it is http://localhost:8000, which may be shop" in line(text, "# TOWN_URL:")
