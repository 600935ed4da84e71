"""Which call a REST request means, in each of the interfaces, and the JSON that it is answered with."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.cloud import run_v2
from google.cloud.logging_v2 import types as logging
from google.iam.v1 import iam_policy_pb2
from google.longrunning import operations_pb2
from google.protobuf import json_format

from shakeout.rehearsal.answers import RefusedError
from shakeout.rehearsal.rest.knative import list_json, revision_json, service_json
from shakeout.rehearsal.rest.knative_input import read_service

Json = dict[str, Any]
Ask = Callable[[str, Any], Awaitable[Any]]
"""Makes one call by its method's name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One REST request: `region` is what its host says, `path` has no query."""

    method: str
    path: str
    query: Mapping[str, str]
    region: str
    body: Json = field(default_factory=dict)


_P = r"projects/(?P<project>[^/]+)"
_L = rf"{_P}/locations/(?P<region>[^/]+)"
_S = rf"{_L}/services/(?P<service>[^/:]+)"
_KNATIVE = r"/apis/serving\.knative\.dev/v1/namespaces/(?P<project>[^/]+)"


class Routes:
    """Answers requests by calls."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        table: list[tuple[str, str, Callable[..., Awaitable[Json]]]] = [
            ("GET", rf"{_KNATIVE}/services", self.list_services),
            ("POST", rf"{_KNATIVE}/services", self.create_service),
            ("GET", rf"{_KNATIVE}/services/(?P<service>[^/]+)", self.get_service),
            ("PUT", rf"{_KNATIVE}/services/(?P<service>[^/]+)", self.replace_service),
            ("DELETE", rf"{_KNATIVE}/services/(?P<service>[^/]+)", self.delete_service),
            ("GET", rf"{_KNATIVE}/revisions", self.list_revisions),
            ("GET", rf"{_KNATIVE}/revisions/(?P<revision>[^/]+)", self.get_revision),
            ("GET", rf"/v1/{_L}/services", self.list_services),
            ("GET", rf"/v[12]/{_S}:getIamPolicy", self.get_policy),
            ("POST", rf"/v[12]/{_S}:setIamPolicy", self.set_policy),
            ("GET", rf"/v2/{_L}/services", self.v2_list_services),
            ("POST", rf"/v2/{_L}/services", self.v2_create_service),
            ("GET", rf"/v2/{_S}", self.v2_get_service),
            ("PATCH", rf"/v2/{_S}", self.v2_update_service),
            ("DELETE", rf"/v2/{_S}", self.v2_delete_service),
            ("GET", rf"/v2/{_S}/revisions", self.v2_list_revisions),
            ("GET", rf"/v2/{_S}/revisions/(?P<revision>[^/]+)", self.v2_get_revision),
            ("GET", rf"/v2/(?P<name>{_L}/operations/[^/:]+)", self.v2_get_operation),
            ("POST", r"/v2/entries:list", self.list_entries),
            ("POST", r"/v2/entries:write", self.write_entries),
            ("GET", rf"/v1/{_P}/services/(?P<api>[a-z]+\.googleapis\.com)", self.api_state),
        ]
        self._table = [(method, re.compile(pattern), answer) for method, pattern, answer in table]

    async def answer(self, asked: Asked) -> Json:
        """The JSON that a request is answered with; RefusedError where it is refused."""
        for method, pattern, answer in self._table:
            match = pattern.fullmatch(asked.path)
            if match and method == asked.method:
                return await answer(asked, **{key: value for key, value in match.groupdict().items() if value})
        raise RefusedError("NOT_FOUND", f"The rehearsal does not know {asked.method} {asked.path}.")

    # -- version 1

    async def list_services(self, asked: Asked, project: str, region: str = "") -> Json:
        where = f"projects/{project}/locations/{region or asked.region or '-'}"
        found = await self._ask("ListServices", run_v2.ListServicesRequest(parent=where, page_size=1000))
        return list_json("Service", [service_json(service) for service in found.services])

    async def get_service(self, asked: Asked, project: str, service: str) -> Json:
        name = _name(asked, project, service)
        return service_json(await self._ask("GetService", run_v2.GetServiceRequest(name=name)))

    async def create_service(self, asked: Asked, project: str) -> Json:
        service = read_service(asked.body)
        id = asked.body["metadata"]["name"]
        dry = asked.query.get("dryRun") == "all"
        parent = f"projects/{project}/locations/{asked.region}"
        request = run_v2.CreateServiceRequest(parent=parent, service=service, service_id=id, validate_only=dry)
        return await self._changed(await self._ask("CreateService", request), _name(asked, project, id), dry)

    async def replace_service(self, asked: Asked, project: str, service: str) -> Json:
        new = read_service(asked.body)
        new.name = _name(asked, project, service)
        new.etag = asked.body["metadata"].get("resourceVersion", "")
        dry = asked.query.get("dryRun") == "all"
        request = run_v2.UpdateServiceRequest(service=new, validate_only=dry)
        return await self._changed(await self._ask("UpdateService", request), new.name, dry)

    async def delete_service(self, asked: Asked, project: str, service: str) -> Json:
        await self._ask("DeleteService", run_v2.DeleteServiceRequest(name=_name(asked, project, service)))
        return {"kind": "Status", "status": "Success"}

    async def list_revisions(self, asked: Asked, project: str) -> Json:
        selector = re.search(r"serving\.knative\.dev/service\s*=\s*([a-z0-9-]+)", asked.query.get("labelSelector", ""))
        where = f"projects/{project}/locations/{asked.region}"
        if selector:
            names = [f"{where}/services/{selector[1]}"]
        else:
            found = await self._ask("ListServices", run_v2.ListServicesRequest(parent=where, page_size=1000))
            names = [service.name for service in found.services]
        revisions = []
        for name in names:
            listed = await self._ask("ListRevisions", run_v2.ListRevisionsRequest(parent=name, page_size=1000))
            revisions += [revision_json(revision) for revision in listed.revisions]
        return list_json("Revision", revisions)

    async def get_revision(self, asked: Asked, project: str, revision: str) -> Json:
        for found in (await self.list_revisions(asked, project))["items"]:
            if found["metadata"]["name"] == revision:
                return dict(found)
        raise RefusedError("NOT_FOUND", f"Resource '{revision}' of kind 'REVISION' does not exist.")

    async def _changed(self, operation: Any, name: str, dry: bool) -> Json:
        """What a change is answered with here: the service as it is from now on."""
        if dry:
            service = run_v2.Service()
            operation.metadata.Unpack(run_v2.Service.pb(service))
            return service_json(service)
        return service_json(await self._ask("GetService", run_v2.GetServiceRequest(name=name)))

    # -- access policies

    async def get_policy(self, asked: Asked, project: str, region: str, service: str) -> Json:
        name = f"projects/{project}/locations/{region}/services/{service}"
        return _json(await self._ask("GetIamPolicy", iam_policy_pb2.GetIamPolicyRequest(resource=name)))

    async def set_policy(self, asked: Asked, project: str, region: str, service: str) -> Json:
        request = iam_policy_pb2.SetIamPolicyRequest(
            resource=f"projects/{project}/locations/{region}/services/{service}"
        )
        json_format.ParseDict(asked.body.get("policy", {}), request.policy, ignore_unknown_fields=True)
        return _json(await self._ask("SetIamPolicy", request))

    # -- version 2

    async def v2_list_services(self, asked: Asked, project: str, region: str) -> Json:
        request = run_v2.ListServicesRequest(parent=f"projects/{project}/locations/{region}", **_page(asked))
        return _json(await self._ask("ListServices", request))

    async def v2_create_service(self, asked: Asked, project: str, region: str) -> Json:
        request = run_v2.CreateServiceRequest(
            parent=f"projects/{project}/locations/{region}",
            service=_read(run_v2.Service, asked.body),
            service_id=asked.query.get("serviceId", ""),
            validate_only=asked.query.get("validateOnly") == "true",
        )
        return _json(await self._ask("CreateService", request))

    async def v2_get_service(self, asked: Asked, **_: str) -> Json:
        return _json(await self._ask("GetService", run_v2.GetServiceRequest(name=asked.path[4:])))

    async def v2_update_service(self, asked: Asked, **_: str) -> Json:
        request = run_v2.UpdateServiceRequest(
            service=_read(run_v2.Service, {**asked.body, "name": asked.path[4:]}),
            validate_only=asked.query.get("validateOnly") == "true",
            allow_missing=asked.query.get("allowMissing") == "true",
        )
        mask = run_v2.UpdateServiceRequest.pb(request).update_mask
        mask.FromJsonString(asked.query.get("updateMask", ""))
        return _json(await self._ask("UpdateService", request))

    async def v2_delete_service(self, asked: Asked, **_: str) -> Json:
        request = run_v2.DeleteServiceRequest(name=asked.path[4:], etag=asked.query.get("etag", ""))
        return _json(await self._ask("DeleteService", request))

    async def v2_list_revisions(self, asked: Asked, **_: str) -> Json:
        parent = asked.path[4:].rpartition("/")[0]
        return _json(await self._ask("ListRevisions", run_v2.ListRevisionsRequest(parent=parent, **_page(asked))))

    async def v2_get_revision(self, asked: Asked, **_: str) -> Json:
        return _json(await self._ask("GetRevision", run_v2.GetRevisionRequest(name=asked.path[4:])))

    async def v2_get_operation(self, asked: Asked, name: str, **_: str) -> Json:
        return _json(await self._ask("GetOperation", operations_pb2.GetOperationRequest(name=name)))

    # -- the other APIs

    async def list_entries(self, asked: Asked) -> Json:
        return _json(await self._ask("ListLogEntries", _read(logging.ListLogEntriesRequest, asked.body)))

    async def write_entries(self, asked: Asked) -> Json:
        return _json(await self._ask("WriteLogEntries", _read(logging.WriteLogEntriesRequest, asked.body)))

    async def api_state(self, asked: Asked, project: str, api: str) -> Json:
        """Whether an API is enabled, which `gcloud` asks where something was not found."""
        return {"name": f"projects/{project}/services/{api}", "state": "ENABLED"}


def _name(asked: Asked, project: str, service: str) -> str:
    return f"projects/{project}/locations/{asked.region}/services/{service}"


def _page(asked: Asked) -> Json:
    return {"page_size": int(asked.query.get("pageSize", 0)), "page_token": asked.query.get("pageToken", "")}


def _read(kind: Any, values: Json) -> Any:
    try:
        return kind.from_json(json.dumps(values), ignore_unknown_fields=True)
    except json_format.ParseError as error:
        raise RefusedError("INVALID_ARGUMENT", f"Invalid JSON payload received. {error}") from error


def _json(message: Any) -> Json:
    plain = type(message).pb(message) if hasattr(type(message), "pb") else message
    found: Json = json_format.MessageToDict(plain)
    return found
