"""Accounts and their sessions: what the auth service does, apart from HTTP."""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Update, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shakeout.console.auth.database import Database, DatabaseUnavailable
from shakeout.console.auth.limits import Limiter
from shakeout.console.auth.models import Account, RefreshToken, SignInSession
from shakeout.console.auth.passwords import Passwords
from shakeout.console.auth.settings import AuthSettings
from shakeout.console.service import ConsoleError
from shakeout.console.tokens import Claims, Tokens, refuse

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """What a sign-in or a refresh gives. `expires_in` is the access token's lifetime in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int


class Accounts:
    """
    Sign-up, sign-in, refresh, revocation; safe to call from many threads and, on one database, from many processes.

    Every method may raise `DatabaseUnavailable`. `clock` gives seconds since 1970.
    """

    def __init__(
        self,
        settings: AuthSettings,
        database: Database,
        *,
        passwords: Passwords | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._passwords = passwords or Passwords()
        self._clock = clock
        self._refresh_seconds = settings.refresh_seconds
        self._limiter = Limiter(settings.sign_in_limit)
        self.tokens = Tokens(settings.tokens, clock)

    def create(self, email: str, password: str) -> Account:
        """A new account. 409 ACCOUNT_EXISTS when the address has one already, in whatever case it is written."""
        address = email.lower()
        account = Account(
            id=uuid.uuid4().hex,
            email=address,
            password_hash=self._passwords.hash(password),
            created_at=self._now(),
        )
        try:
            with self._database.transaction(write=True) as session:
                session.add(account)
        except IntegrityError as error:
            message = "There is already an account with this address."
            raise ConsoleError(409, "ACCOUNT_EXISTS", message, field="email") from error
        _log.info("account created: account=%s", account.id)
        return account

    def sign_in(self, email: str, password: str, *, address: str, seconds: int | None = None) -> Pair:
        """
        A new session. 401 WRONG_CREDENTIALS, alike for a wrong password and an unknown account; 429 RATE_LIMITED after
        too many tries for this account from this `address`. Signing in clears the count.
        """
        key = (email.lower(), address)
        if wait := self._limiter.take(key):
            _log.warning("sign-in refused: code=RATE_LIMITED address=%s retry_after=%d", address, wait)
            message = f"Too many tries to sign in; try again in {wait} s."
            headers = {"Retry-After": str(wait)}
            raise ConsoleError(429, "RATE_LIMITED", message, detail={"retry_after": wait}, headers=headers)
        try:
            with self._database.transaction() as session:
                account = session.scalar(select(Account).where(Account.email == key[0]))
            right, renewed = self._passwords.verify(password, account.password_hash if account else None)
            if not right or account is None:
                _log.warning("sign-in refused: code=WRONG_CREDENTIALS address=%s", address)
                raise ConsoleError(401, "WRONG_CREDENTIALS", "The address or the password is wrong.")
            pair = self._open_session(account, renewed, seconds)
        except DatabaseUnavailable:
            self._limiter.give_back(key)
            raise
        self._limiter.forget(key)
        return pair

    def refresh(self, token: str) -> Pair:
        """
        A new pair for a refresh token, which is used up by this.

        Of several calls with one token exactly one wins: the update that marks it as used finds it unused only once.
        Using it again means that it has two holders, so the whole family is revoked: 401 REFRESH_TOKEN_REUSED.
        """
        now, digest = self._now(), _digest(token)
        unused = (RefreshToken.digest == digest, RefreshToken.used_at.is_(None), RefreshToken.expires_at > now)
        spend = update(RefreshToken).where(*unused).values(used_at=now).returning(RefreshToken.session_id)
        with self._database.transaction(write=True) as session:
            family = session.scalar(spend)
            if family is not None:
                opened, account = session.execute(
                    select(SignInSession, Account)
                    .join(Account, Account.id == SignInSession.account_id)
                    .where(SignInSession.id == family)
                ).one()
                if opened.revoked_at is None:
                    opened.expires_at = max(opened.expires_at, now + self._refresh_seconds)
                    return self._pair(session, account, opened.id, None)
                code, reason = "TOKEN_REVOKED", opened.revoked_reason or "revoked"
            else:
                code, reason = self._refusal(session, digest, now)
        _log.warning("refresh refused: code=%s reason=%s", code, reason)
        raise ConsoleError(401, code, _REFRESH_TEXT[code])

    def revoke(self, claims: Claims) -> None:
        """End the session: its access and refresh tokens are refused from now on."""
        with self._database.transaction(write=True) as session:
            session.execute(_revocation(claims.session_id, self._now(), "signed out"))
        _log.info("session revoked: account=%s session=%s reason=signed out", claims.account_id, claims.session_id)

    def verify(self, token: str) -> Claims:
        """The claims of an access token whose session is still good. Raises `TokenRefused`."""
        claims = self.tokens.verify(token)
        with self._database.transaction() as session:
            found = session.execute(
                select(SignInSession.revoked_at, SignInSession.revoked_reason).where(
                    SignInSession.id == claims.session_id, SignInSession.account_id == claims.account_id
                )
            ).one_or_none()
        if found is None or found.revoked_at is not None:
            seen = "no such session" if found is None else str(found.revoked_reason)
            refuse("TOKEN_REVOKED", f"The token's session has ended: {seen}.", expected="an open session", seen=seen)
        return claims

    def clean_up(self) -> int:
        """Delete refresh tokens and sessions that have expired; how many rows."""
        now = self._now()
        with self._database.transaction(write=True) as session:
            connection = session.connection()
            tokens = connection.execute(delete(RefreshToken).where(RefreshToken.expires_at <= now)).rowcount
            # A session goes no sooner than its last access token could have expired.
            late = now - self.tokens.settings.seconds
            sessions = connection.execute(delete(SignInSession).where(SignInSession.expires_at <= late)).rowcount
        if count := tokens + sessions:
            _log.info("expired rows deleted: refresh_tokens=%d sessions=%d", tokens, sessions)
        return count

    def _open_session(self, account: Account, renewed: str | None, seconds: int | None) -> Pair:
        now = self._now()
        opened = SignInSession(
            id=uuid.uuid4().hex, account_id=account.id, created_at=now, expires_at=now + self._refresh_seconds
        )
        with self._database.transaction(write=True) as session:
            if renewed is not None:
                session.execute(update(Account).where(Account.id == account.id).values(password_hash=renewed))
            session.add(opened)
            session.flush()
            pair = self._pair(session, account, opened.id, seconds)
        _log.info("signed in: account=%s session=%s", account.id, opened.id)
        return pair

    def _pair(self, session: Session, account: Account, family: str, seconds: int | None) -> Pair:
        now, text = self._now(), secrets.token_urlsafe(32)
        expires_at = now + self._refresh_seconds
        session.add(RefreshToken(digest=_digest(text), session_id=family, issued_at=now, expires_at=expires_at))
        access, claims = self.tokens.issue(
            account_id=account.id, email=account.email, session_id=family, seconds=seconds
        )
        return Pair(access_token=access, refresh_token=text, expires_in=claims.expires_at - claims.issued_at)

    def _refusal(self, session: Session, digest: str, now: int) -> tuple[str, str]:
        known = session.get(RefreshToken, digest)
        if known is None:
            return "REFRESH_TOKEN_UNKNOWN", "there is no such token"
        if known.used_at is None:
            return "REFRESH_TOKEN_EXPIRED", f"expired {now - known.expires_at} s ago"
        session.execute(_revocation(known.session_id, now, "a refresh token was used twice"))
        return "REFRESH_TOKEN_REUSED", f"used twice, session {known.session_id} is revoked"

    def _now(self) -> int:
        return int(self._clock())


_REFRESH_TEXT = {
    "TOKEN_REVOKED": "The token's session has ended.",
    "REFRESH_TOKEN_UNKNOWN": "There is no such refresh token.",
    "REFRESH_TOKEN_EXPIRED": "The refresh token has expired; sign in again.",
    "REFRESH_TOKEN_REUSED": "The refresh token was used before; all tokens of its session are revoked.",
}


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _revocation(family: str, now: int, reason: str) -> Update:
    return (
        update(SignInSession)
        .where(SignInSession.id == family, SignInSession.revoked_at.is_(None))
        .values(revoked_at=now, revoked_reason=reason)
    )
