"""
`shakeout.rehearsal`: a double of Cloud Run, on this machine.

It serves Google's own protocol definitions over gRPC, so that the official client libraries can talk to it, runs each
revision's container or command for real, and keeps Cloud Run's contract with it. Nothing leaves the machine.

    async with Rehearsal(commands={"europe-docker.pkg.dev/shop/images/web": Command(words=("python3", "web.py"),
                                                                                   folder=Path("web"))}) as cloud:
        channel = grpc.aio.insecure_channel(cloud.run_address)
        transport = run_v2.services.services.transports.ServicesGrpcAsyncIOTransport(channel=channel)
        client = run_v2.ServicesAsyncClient(transport=transport)
        operation = await client.create_service(parent="projects/shop/locations/europe-west1", …)
        service = await operation.result()          # service.uri can be asked

`cloud.logging_address` takes the client of Cloud Logging in the same way. What the double keeps of the real service and
what it does not is in `docs/explanation/rehearsal.md`.
"""

from __future__ import annotations

from shakeout.rehearsal.double import Rehearsal
from shakeout.rehearsal.settings import Command, Settings

__all__ = ["Command", "Rehearsal", "Settings"]
