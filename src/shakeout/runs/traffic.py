"""Whether a release may have the traffic: what its checks say against it, and what becomes of it then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from shakeout.checks.base import CheckResult, Outcome
from shakeout.errors import DeploymentError
from shakeout.targets.base import Progress, Release, Staged

_GOOD = frozenset({Outcome.PASSED, Outcome.DEGRADED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """What became of a staged release: `release` has the addresses that it had last, `note` says it in a sentence."""

    release: Release
    stays: bool
    note: str


def against(release: Release, results: Iterable[CheckResult]) -> str | None:
    """
    Why a release may not have the traffic; None where nothing speaks against it.

    A service that is not deployed, a required check that failed, or no check at all that passed. A required check that
    could not be asked is no failure; the run's status says that it is missing.
    """
    down = [revision.service for revision in release.revisions if revision.status in {"failed", "blocked"}]
    if down:
        return f"{', '.join(down)} {'is' if len(down) == 1 else 'are'} not deployed"
    known = list(results)
    failed = next((result for result in known if result.required and result.outcome is Outcome.FAILED), None)
    if failed is not None:
        return f"the required check {failed.name} failed: {failed.detail}"
    if not any(result.outcome in _GOOD for result in known):
        return "no check passed"
    return None


async def decide(
    target: Staged,
    release: Release,
    results: Sequence[CheckResult],
    verify: Callable[[Release], Awaitable[Sequence[CheckResult]]],
    progress: Progress,
) -> Decided:
    """
    Give a release that was verified beside the old one the traffic, and verify it again; or give the traffic back.

    `verify` asks every check of the release at the addresses that it has then.
    """
    why = against(release, results)
    if why is not None:
        await target.withdraw(why, progress)
        return Decided(release=release, stays=False, note=f"rolled back before it had any traffic: {why}")
    count = sum(result.outcome in _GOOD for result in results)
    progress(f"{count} of {len(results)} checks passed at the tag's addresses; giving the release the traffic")
    try:
        release = await target.promote(progress)
    except DeploymentError as error:
        why = (
            f"the traffic could not be given to the release: {error.summary}{f' ({error.seen})' if error.seen else ''}"
        )
    else:
        why = against(release, await verify(release))
    if why is not None:
        await target.withdraw(why, progress)
        return Decided(release=release, stays=False, note=f"rolled back after it had the traffic: {why}")
    await target.settle(progress)
    note = f"verified twice: {count} of {len(results)} checks passed before it had the traffic; the table is of after"
    return Decided(release=release, stays=True, note=note)
