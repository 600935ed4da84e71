"""Who has the traffic before, during and after a release."""

from __future__ import annotations

from google.cloud import run_v2

from shakeout.targets.cloud_run.names import is_own_tag, revision_name, secret_version, tag_of
from shakeout.targets.cloud_run.traffic import Share, beside, given_to, same, shares, targets, without_own_tags

TYPE = run_v2.TrafficTargetAllocationType
LATEST, REVISION = TYPE.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST, TYPE.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION
OLD = Share("web-old", 100)
TAG = tag_of("a" * 40, "staging-20250101t000000-0a1b2c")


def test_latest_is_the_revision_that_it_stands_for() -> None:
    service = run_v2.Service(
        latest_ready_revision="projects/p/locations/r/services/web/revisions/web-old",
        traffic_statuses=[run_v2.TrafficTargetStatus(type_=LATEST, percent=100)],
    )
    assert shares(service) == (OLD,)


def test_a_new_revision_gets_a_tag_and_no_traffic() -> None:
    assert beside([OLD], "web-new", TAG) == (OLD, Share("web-new", 0, TAG))


def test_a_first_revision_has_to_get_all_of_it() -> None:
    assert beside([], "web-new", TAG) == (Share("web-new", 100, TAG),)


def test_tags_of_earlier_releases_go_and_those_of_others_stay() -> None:
    before = [OLD, Share("web-older", 0, "r1234567-abcdef"), Share("web-blue", 0, "blue")]
    assert without_own_tags(before) == (OLD, Share("web-blue", 0, "blue"))
    assert given_to("web-new", before) == (Share("web-new", 100), Share("web-blue", 0, "blue"))


def test_a_split_that_others_made_stays_as_it_is() -> None:
    split = [Share("web-a", 80), Share("web-b", 20)]
    assert beside(split, "web-new", TAG)[:2] == tuple(split)
    assert sum(row.percent for row in targets(beside(split, "web-new", TAG))) == 100


def test_targets_name_revisions_and_never_the_latest() -> None:
    assert {row.type_ for row in targets(beside([OLD], "web-new", TAG))} == {REVISION}


def test_two_tables_are_the_same_whatever_their_order_and_parts() -> None:
    assert same([Share("a", 60), Share("b", 40)], [Share("b", 40), Share("a", 30), Share("a", 30)])
    assert not same([OLD], [OLD, Share("web-new", 0, TAG)])


def test_names_fit_the_platforms_rules() -> None:
    assert is_own_tag(TAG)
    assert not is_own_tag("release-1")
    name = revision_name("a" * 49, "b" * 40, "x-0a1b2c")
    assert len(name) <= 63
    assert name.startswith("a" * 48 + "-")


def test_secrets_are_named_in_every_form() -> None:
    forms = {
        "key": ("key", "latest"),
        "key:3": ("key", "3"),
        "projects/p/secrets/key/versions/7": ("projects/p/secrets/key", "7"),
        "projects/p/secrets/key": ("projects/p/secrets/key", "latest"),
    }
    found = {text: (version.secret, version.version) for text in forms if (version := secret_version(text))}
    assert found == forms
