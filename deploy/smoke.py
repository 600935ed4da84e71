"""
The console's own check after a deployment: a person signs up, signs in and sees the list of runs.

Run by `shakeout` as the check `smoke`, with `AUTH_URL`, `BACKEND_URL` and `FRONTEND_URL` set; exits 0 when all is well.
"""

from __future__ import annotations

import json
import secrets
import sys
import urllib.request

from environment import address, env


def ask(url: str, body: dict[str, str] | None = None, token: str | None = None) -> dict[str, object]:
    """The JSON answer of a service; urllib raises where it is not a good one."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=10) as answer:
        return dict(json.load(answer))


def main() -> int:
    """Walk through it once and print each step."""
    print(f"smoke test of the commit {env('COMMIT')[:12]}")
    page = urllib.request.urlopen(f"{address('frontend')}/", timeout=10).read().decode()
    if "<title>" not in page:
        print("the frontend's page has no title", file=sys.stderr)
        return 1
    print("the page is there")
    account = {"email": f"smoke-{secrets.token_hex(6)}@example.com", "password": secrets.token_urlsafe(18)}
    ask(f"{address('auth')}/v1/accounts", account)
    token = str(ask(f"{address('auth')}/v1/sessions", account)["access_token"])
    print("an account was made and signed in")
    runs = ask(f"{address('backend')}/v1/runs?limit=1", token=token)
    print(f"the list of runs comes from {runs['source']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
