"""Variables are found in the usual files, with scope and line."""

# ruff: noqa: E501 -- a table
from __future__ import annotations

import pytest

from shakeout.evidence.configuration import read_configuration

CLOUD_RUN = """apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: backend
spec:
  template:
    spec:
      containers:
        - image: example
          env:
            - name: LOG_LEVEL
              value: info
            - name: DATABASE_URL
              valueFrom:
                secretKeyRef: {name: database, key: latest}
"""
BUILD = """steps:
  - name: gcr.io/google.com/cloudsdktool/cloud-sdk
    entrypoint: gcloud
    args:
      - run
      - deploy
      - backend
      - --set-env-vars=LOG_LEVEL=info,REGION=eu
      - --set-secrets=TOKEN_KEY=token-key:latest
  - name: ubuntu
    script: |
      gcloud run services update auth --update-env-vars "^;^A=1,2;B=3"
"""


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (".env", "A=1\n# B=2\nexport C='x y' # note\nD=\n", [("A", "1", None, 1), ("C", "x y", None, 3), ("D", "", None, 4)]),
        ("compose.yaml", "services:\n  web:\n    environment:\n      A: b\n      C:\n", [("A", "b", "web", 4), ("C", None, "web", 5)]),
        ("docker-compose.yml", "services:\n  web:\n    environment:\n      - A=b=c\n      - D\n", [("A", "b=c", "web", 4), ("D", None, "web", 5)]),
        ("shakeout.yaml", "services:\n  web:\n    environment:\n      URL: ${URL}\n    secrets:\n      KEY: KEY\n", [("URL", None, "web", 4), ("KEY", None, "web", 6)]),
        ("service.yaml", CLOUD_RUN, [("LOG_LEVEL", "info", "backend", 12), ("DATABASE_URL", None, "backend", 13)]),
        ("cloudbuild.yaml", BUILD, [("LOG_LEVEL", "info", "backend", 8), ("REGION", "eu", "backend", 8), ("TOKEN_KEY", None, "backend", 9), ("A", "1,2", "auth", 12), ("B", "3", "auth", 12)]),
        (".github/workflows/deploy.yml", "jobs:\n  d:\n    steps:\n      - uses: x\n        with:\n          env_vars: |\n            A=1\n            B=${{ secrets.B }}\n", [("A", "1", None, 7), ("B", None, None, 8)]),
        ("deploy.sh", "#!/bin/sh\ngcloud run deploy web \\\n  --set-env-vars A=1,B=2\ndocker run -e C=3 image\n", [("A", "1", "web", 3), ("B", "2", "web", 3), ("C", "3", "web", 4)]),
        ("Dockerfile", "FROM x\nENV A=1 \\\n    B=\"2 3\"\n", [("A", "1", None, 2), ("B", "2 3", None, 2)]),
        ("k8s/config.yaml", "kind: ConfigMap\ndata:\n  A: '1'\n---\nkind: Secret\nmetadata: {name: s}\ndata:\n  B: eA==\n", [("A", "1", None, 3), ("B", None, None, 8)]),
        ("fly.toml", "app = 'x'\n[env]\n  A = '1'\n[http]\n  B = '2'\n", [("A", "1", None, 3)]),
        ("broken.yaml", "a: [", []),
    ],
)  # fmt: skip
def test_variables_are_found_with_scope_and_line(path: str, text: str, expected: list[object]) -> None:
    assert [(one.name, one.value, one.scope, one.at.line) for one in read_configuration(path, text)] == expected


def test_an_example_file_sets_nothing() -> None:
    assert all(one.sample for one in read_configuration(".env.example", "A=1\n"))
