"""Plans for Cloud Run, made from manifests as people write them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from shakeout.manifest.loading import parse_manifest
from shakeout.manifest.plan import Plan
from shakeout.manifest.planning import make_plan

COMMIT = "1234567" + "0" * 33

MANIFEST = """\
version: 1
application: shop
services:
  auth:
    run: python -m shop.auth --port ${port}
    health: {}
    needs: [orders]
    environment:
      ALLOWED: ${services.web.url}
      PORT: ${port}
  web:
    run: python -m shop.web
    needs: [auth]
    environment: {AUTH_URL: "${services.auth.url}", COMMIT: "${commit}"}
backing_services:
  orders: {kind: postgresql, image: "postgres:16"}
secrets:
  key: {generate: true}
environments:
  staging:
    target: cloud-run
    options: {project: shop-staging, region: europe-west1}
    backing_services:
      orders: {url: "postgresql://db.example.com/orders"}
    secrets:
      key: {secret_manager: "shop-key:3"}
    services:
      auth:
        image: registry.example.com/shop/auth:${commit}
        secrets: {TOKEN_KEY: key}
      web:
        image: registry.example.com/shop/web:${commit}
"""


def plan_of(text: str = MANIFEST, environment: str = "staging", caller: Mapping[str, str] | None = None) -> Plan:
    """The plan of a manifest's environment at `COMMIT`."""
    return make_plan(
        parse_manifest(text, file="shakeout.yaml"),
        environment=environment,
        commit=COMMIT,
        dirty=False,
        repository=Path("/nowhere"),
        caller=caller or {},
    )
