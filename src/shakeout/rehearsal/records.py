"""What the double knows of each service and revision: the API's own messages, and what runs for them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from google.cloud import run_v2

from shakeout.rehearsal.conditions import Cause, State
from shakeout.rehearsal.names import ServiceName

if TYPE_CHECKING:
    from shakeout.rehearsal.instances.pool import Pool


@dataclass(kw_only=True, slots=True)
class RevisionRecord:
    """One revision: `message` is what the API shows; `pool` has its instances, once it could be made."""

    id: str
    message: run_v2.Revision
    pool: Pool | None = None
    cause: Cause | None = None

    @property
    def ready(self) -> bool:
        """Whether requests may reach it."""
        return any(one.type_ == "Ready" and one.state == State.CONDITION_SUCCEEDED for one in self.message.conditions)


@dataclass(kw_only=True, slots=True)
class ServiceRecord:
    """
    One service. `served` is the traffic that requests follow now: revision's short name to percent, and tag to
    revision. `template` is the newest template as it was given, to tell whether a change asks for a new revision.
    """

    name: ServiceName
    message: run_v2.Service
    revisions: dict[str, RevisionRecord] = field(default_factory=dict)
    made: int = 0
    template: bytes = b""
    percents: Mapping[str, int] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    policy: Any = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def newest(self) -> RevisionRecord | None:
        """The revision that was made last."""
        return next(reversed(self.revisions.values()), None)

    def touch(self) -> None:
        """Note a change: a new time and a new etag."""
        self.message.update_time = datetime.now(UTC)
        self.message.etag = f'"{uuid.uuid4().hex[:20]}"'


def copy_service(message: run_v2.Service) -> run_v2.Service:
    copy: run_v2.Service = run_v2.Service.deserialize(run_v2.Service.serialize(message))
    return copy


def copy_revision(message: run_v2.Revision) -> run_v2.Revision:
    copy: run_v2.Revision = run_v2.Revision.deserialize(run_v2.Revision.serialize(message))
    return copy
