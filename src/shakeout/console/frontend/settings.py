"""What the frontend is told by its environment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from shakeout.console.environment import Environment

_EXPECTED = "an address such as https://api.example.com"


@dataclass(frozen=True, kw_only=True, slots=True)
class FrontendSettings:
    """The addresses of auth and backend as the browser reaches them, without a trailing slash."""

    auth_url: str
    backend_url: str

    @classmethod
    def read(cls, environment: Environment) -> FrontendSettings:
        """Read AUTH_URL and BACKEND_URL, both required; faults go to `environment`."""
        return cls(auth_url=_address(environment, "AUTH_URL"), backend_url=_address(environment, "BACKEND_URL"))

    def content_security_policy(self, scripts: Sequence[str] = ()) -> str:
        """
        The policy of every page: scripts, styles and pictures of our own origin only, nothing inline but `scripts`
        (each by its digest), no plug-in, no frame, and calls only to auth and backend. A quote or a blank cannot get in
        by an address: `read` refused those.
        """
        calls = dict.fromkeys(["'self'", _origin(self.auth_url), _origin(self.backend_url), _live(self.backend_url)])
        return "; ".join(
            [
                "default-src 'none'",
                " ".join(("script-src", "'self'", *scripts)),
                "style-src 'self'",
                "img-src 'self'",
                f"connect-src {' '.join(calls)}",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
                "require-trusted-types-for 'script'",
                "trusted-types 'none'",
            ]
        )


def _address(environment: Environment, name: str) -> str:
    text = environment.text(name, expected=_EXPECTED).rstrip("/")
    if text and not _is_address(text):
        environment.fault(name, f"{_EXPECTED}, without user, query or fragment", "something else")
    return text


def _is_address(text: str) -> bool:
    if not text.isascii() or any(letter.isspace() or letter in "\"'<>;,\\`" for letter in text):
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    plain = not (parts.username or parts.password or parts.query or parts.fragment or "@" in parts.netloc)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0 and plain


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _live(address: str) -> str:
    parts = urlsplit(address)
    return f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}"
