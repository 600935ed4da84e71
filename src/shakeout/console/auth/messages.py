"""What the auth service takes and answers. Secrets are held so that no log or traceback shows them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from shakeout.console.service import Answer

# The addresses that a browser's own <input type="email"> accepts (HTML, section 4.10.5.1.5).
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = rf"^[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}([.]{_LABEL}){{0,8}}$"

Email = Annotated[str, StringConstraints(max_length=254, pattern=_ADDRESS)]


class _Question(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NewAccount(_Question):
    """An address and a password of 8 to 1024 characters."""

    email: Email
    password: SecretStr = Field(min_length=8, max_length=1024)


class SignIn(_Question):
    """An address, its password, and optionally a shorter lifetime of the access token, in seconds."""

    email: Email
    password: SecretStr = Field(min_length=1, max_length=1024)
    expires_in: int | None = Field(default=None, ge=1, strict=True)


class RefreshRequest(_Question):
    """A refresh token, as a sign-in or a refresh gave it."""

    refresh_token: SecretStr = Field(min_length=1, max_length=512)


class TokenQuestion(_Question):
    """An access token to be looked into."""

    token: SecretStr = Field(min_length=1, max_length=16_384)


class Done(Answer):
    """It was done."""


class AccountBody(BaseModel):
    """An account as others may see it."""

    id: str
    email: str


class AccountAnswer(Answer):
    """An account."""

    account: AccountBody


class PairAnswer(Answer):
    """An access token, valid for `expires_in` seconds, and the refresh token to get the next one with."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int


class IntrospectionAnswer(Answer):
    """Whether a token is accepted; the refusal's code if not, the account and the end of its life (UTC) if so."""

    active: bool
    reason: str | None = None
    account: AccountBody | None = None
    expires_at: str | None = None
