"""How shakeout's things are called on Cloud Run: services, revisions, tags, labels, secrets."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shakeout.manifest.plan import Plan, ServicePlan
from shakeout.targets.cloud_run.options import EnvironmentOptions, ServiceOptions

MANAGED = "managed-by"
APPLICATION = "shakeout-application"
ENVIRONMENT = "shakeout-environment"
RELEASE = "shakeout-release"
COMMIT = "commit"

_TAG = re.compile(r"r[0-9a-f]{7}-[0-9a-f]{6}")


def environment_options(plan: Plan) -> EnvironmentOptions:
    """The environment's options, which were held against the schema before."""
    return EnvironmentOptions.model_validate(dict(plan.options))


def service_options(service: ServicePlan) -> ServiceOptions:
    """The service's options of this target; a key that only another target knows is left out."""
    known = ServiceOptions.model_fields
    return ServiceOptions.model_validate({key: value for key, value in service.options.items() if key in known})


def parent(options: EnvironmentOptions) -> str:
    """`projects/PROJECT/locations/REGION`."""
    return f"projects/{options.project}/locations/{options.region}"


def cloud_name(service: ServicePlan, options: EnvironmentOptions) -> str:
    """What the service is called on Cloud Run."""
    return service_options(service).name or options.service_names.format(service=service.name)


def short(resource: str) -> str:
    """The last part of a resource's name."""
    return resource.rpartition("/")[2]


def tag_of(commit: str, release: str) -> str:
    """The tag of a release's revisions."""
    return f"r{commit[:7]}-{release[-6:]}"


def is_own_tag(tag: str) -> bool:
    """Whether a tag has the form of those that shakeout sets."""
    return _TAG.fullmatch(tag) is not None


def revision_name(service: str, commit: str, release: str) -> str:
    """The name of a release's revision of a service (at most 63 characters, as the platform asks)."""
    return f"{service[: 63 - 15].rstrip('-')}-{commit[:7]}-{release[-6:]}"


def labels_of(plan: Plan, service: ServicePlan, release: str, options: EnvironmentOptions) -> dict[str, str]:
    """The labels of a service and its revision: whose it is, and the commit that it was made from."""
    return {
        **options.labels,
        **service_options(service).labels,
        MANAGED: "shakeout",
        APPLICATION: plan.application,
        ENVIRONMENT: plan.environment,
        RELEASE: release.lower(),
        COMMIT: service.commit,
    }


@dataclass(frozen=True, slots=True)
class SecretVersion:
    """A secret of Secret Manager and one of its versions."""

    secret: str
    version: str

    def __str__(self) -> str:
        return f"{self.secret}, version {self.version}"


def secret_version(text: str) -> SecretVersion:
    """`name`, `name:3` or `projects/P/secrets/name/versions/3`; without a version it is the latest."""
    head, mark, version = text.partition("/versions/")
    if not mark:
        head, _, version = text.partition(":")
    project, mark, name = head.partition("/secrets/")
    return SecretVersion(head if mark and project else name or head, version or "latest")
