"""The websocket check against a small live server whose rules can be broken one at a time."""

import asyncio
import contextlib
import json
import socket

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocketDisconnect

from shakeout.checks.planning import plan_checks
from shakeout.manifest.model import CheckSpec, Version

FIELDS = {"type": "string", "protocol": "integer", "id": "string", "run": "string"}


def message(*names):
    return {name: {"type": FIELDS[name], "required": True} for name in names}


def schema(protocol=1, subscribe=("type", "protocol", "id", "run")):
    return {
        "protocol": protocol,
        "client": {"subscribe": message(*subscribe), "ping": message("type", "protocol", "id")},
    }


class Live:
    """One run, its subscribers, and the HTTP calls that make an event; each rule in `broken` is not kept."""

    def __init__(self, *broken, protocol=1, accepts=(1,)):
        self.broken, self.protocol, self.accepts = set(broken), protocol, accepts
        self.subscribers, self.count, self.refused_first = [], 0, True

    async def talk(self, websocket):
        offered = websocket.scope["subprotocols"]
        version = next((int(name[9:]) for name in offered if name.startswith("shakeout.")), 0)
        if "anything" not in self.broken and version not in self.accepts:
            detail = {"client_protocol": version, "server_protocol": self.protocol}
            text = f"the client speaks protocol {version}, the server speaks protocol {self.protocol}"
            error = {"code": "PROTOCOL_MISMATCH", "message": text, "detail": detail}
            refusal = Response() if "reason" in self.broken else JSONResponse({"error": error})
            refusal.status_code = 500 if "status" in self.broken else 426
            return await websocket.send_denial_response(refusal)
        if not any(name.startswith("bearer.") for name in offered):
            refusal = JSONResponse({"error": {"code": "TOKEN_MISSING"}}, 401)
            return await websocket.send_denial_response(refusal)
        await websocket.accept(subprotocol=None if "choice" in self.broken else f"shakeout.{version}")
        self.count += 1
        number = self.count
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                answer = self.answer(await websocket.receive_text(), number)
                if answer == "close":
                    return await websocket.close()
                if answer is None:
                    continue
                if answer["type"] == "subscribed":
                    self.subscribers.append(websocket)
                await websocket.send_text(json.dumps({"protocol": self.protocol, **answer}))

    def answer(self, raw, number):
        try:
            sent = json.loads(raw)
        except ValueError:
            sent = {}
        missing = next(
            (name for name in FIELDS if name not in sent and (name != "run" or sent.get("type") != "ping")), None
        )
        if missing is not None:
            if "mute" in self.broken:
                return None
            if "closing" in self.broken:
                return "close"
            error = {"type": "error", "id": None, "message": f"field '{missing}' is missing", "event": sent.get("type")}
            return error if "codeless" in self.broken else {**error, "code": "MALFORMED_EVENT", "field": missing}
        if sent["type"] == "ping":
            return {"type": "pong", "id": sent["id"]}
        if "subscribe" in self.broken and number % 2 == 0:
            return {"type": "error", "code": "ODD", "message": "not you", "field": "run", "event": "subscribe"}
        return {"type": "subscribed", "id": sent["id"], "run": sent["run"]}

    async def http(self, request):
        path = request.url.path
        if path == "/v1/runs":
            return JSONResponse({"run": {"id": "run-1"}}, 201)
        if path == "/v1/runs/run-1/events":
            if "trigger" in self.broken:
                return JSONResponse({}, 500)
            body = await request.json()
            event = json.dumps({"type": "event", "protocol": self.protocol, "event": body["events"][0]})
            told = self.subscribers[-3:]
            for websocket in told[:-1] if "event" in self.broken else told:
                await websocket.send_text(event)
        return JSONResponse({}, 202)

    @contextlib.asynccontextmanager
    async def serving(self):
        """The address of a real server on a free port."""
        app = Starlette(
            routes=[WebSocketRoute("/v1/live", self.talk), Route("/{rest:path}", self.http, methods=["POST"])]
        )
        config = uvicorn.Config(
            app, log_config=None, lifespan="off", ws="websockets-sansio", timeout_graceful_shutdown=1
        )
        server = Quiet(config)
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            task = asyncio.create_task(server.serve(sockets=[held]))
            await server.up.wait()
            yield f"http://127.0.0.1:{held.getsockname()[1]}"
            server.should_exit = True
            await task


class Quiet(uvicorn.Server):
    """Leaves signals alone and says when it is up."""

    def __init__(self, config):
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets=None):
        await super().startup(sockets=sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self):
        yield


@pytest.fixture
def start(world, serve):
    """`await start(live, served=schema)` gives the results against a frontend that serves this schema."""

    async def ask(live, served=None, **keys):
        served = schema() if served is None else served
        frontend = await serve(lambda asked: (200, served) if asked.path == "/protocol.json" else (404, {}))
        async with live.serving() as backend:
            world.service("backend", backend, version=Version(protocol="protocol"))
            world.service("frontend", frontend, version=Version(bundle="/bundle.json"))
            world.shared |= {"token": "t0ken-of-a-test", "token_header": {"Authorization": "Bearer t0ken-of-a-test"}}
            world.checks["websocket"] = CheckSpec(kind="websocket", service="backend", deadline=4, **keys)
            results = await world.ask(*(f"websocket-{each}" for each in QUESTIONS))
        return {name.removeprefix("websocket-"): result for name, result in results.items()}

    return ask


QUESTIONS = ("handshake", "subscribe", "event", "malformed", "version-refused")


def outcomes(results):
    return {name: result.outcome.value for name, result in results.items()}


async def test_a_server_that_keeps_the_rules_passes_every_question(start):
    assert outcomes(await start(Live())) == dict.fromkeys(QUESTIONS, "passed")


@pytest.mark.parametrize(
    ("broken", "red"),
    [
        ("subscribe", "subscribe"),
        ("event", "event"),
        ("trigger", "event"),
        ("mute", "malformed"),
        ("closing", "malformed"),
        ("codeless", "malformed"),
        ("anything", "version-refused"),
        ("reason", "version-refused"),
        ("status", "version-refused"),
        ("choice", "handshake"),
    ],
)
async def test_a_broken_rule_turns_its_question_red_and_no_other(start, broken, red):
    seen = outcomes(await start(Live(broken)))
    assert {name for name, outcome in seen.items() if outcome not in {"passed", "skipped"}} == {red}
    assert seen[red] == "failed"


async def test_an_old_bundles_messages_are_what_is_sent(start):
    results = await start(Live(protocol=2, accepts=(1, 2)), served=schema(1, ("type", "protocol", "id")))
    result = results["subscribe"]
    assert result.outcome == "failed"
    assert result.detail == (
        "3 of 3 connections could not subscribe: field 'run' is missing (client protocol 1, server protocol 2)"
    )
    facts = result.facts
    assert (facts["client_protocol"], facts["server_protocol"], facts["client"]) == (1, 2, "frontend")
    assert (facts["events"], facts["fields"], facts["codes"]) == (["subscribe"], ["run"], ["MALFORMED_EVENT"])
    assert (facts["connections_with_errors"], facts["connections_total"]) == (3, 3)
    assert (facts["subscribed"], facts["messages"]) == (0, ["ping", "subscribe"])


async def test_errors_on_some_connections_are_counted(start):
    facts = (await start(Live("subscribe"), connections=5))["subscribe"].facts
    assert facts["connections_total"] == 5
    assert 1 <= facts["connections_with_errors"] < 5
    assert sum("errors" in each for each in facts["connections"]) == facts["connections_with_errors"]


async def test_a_client_whose_protocol_is_not_accepted_fails_at_the_handshake(start):
    results = await start(Live(protocol=2, accepts=(2,)))
    handshake = results["handshake"]
    assert (handshake.outcome, handshake.facts["status"], handshake.facts["code"]) == (
        "failed",
        426,
        "PROTOCOL_MISMATCH",
    )
    assert (handshake.facts["client_protocol"], handshake.facts["server_protocol"]) == (1, 2)
    assert results["subscribe"].blocked_by == "websocket-handshake"


async def test_a_frontend_without_a_schema_is_inconclusive(start):
    assert (await start(Live(), served={}))["handshake"].outcome == "inconclusive"


async def test_messages_of_ones_own_need_no_schema(start):
    own = {"subscribe": {"protocol": "{protocol}", "id": "{id}", "run": "{run}"}, "ping": {"protocol": 1, "id": "{id}"}}
    results = await start(Live(), protocol=1, schema=None, messages=own)
    assert outcomes(results) == dict.fromkeys(QUESTIONS, "passed")


async def test_the_command_line_holds_no_token(start):
    result = (await start(Live("codeless")))["malformed"]
    assert "bearer.$TOKEN" in result.reproduce
    assert "t0ken" not in repr(result.facts)


async def test_the_questions_wait_for_the_token_to_be_accepted(world):
    world.service("auth", "http://a", version=Version())
    world.service("backend", "http://b", version=Version(protocol="protocol"))
    world.service("frontend", "http://c", version=Version(bundle="/bundle.json"))

    def needed():
        return {need for check in plan_checks(world.plan) if check.kind == "websocket" for need in check.needs}

    assert "auth-token-accepted" in needed()
    world.checks["auth-token-accepted"] = CheckSpec(kind="auth", disabled=True)
    assert "auth-sign-in" in needed()
    world.checks["auth"] = CheckSpec(kind="auth", disabled=True)
    assert not [need for need in needed() if need.startswith("auth")]


async def test_a_missing_token_is_refused_at_the_handshake(start):
    result = (await start(Live(), account=False))["handshake"]
    assert (result.outcome, result.facts["status"], result.facts["code"]) == ("failed", 401, "TOKEN_MISSING")


async def test_a_server_that_is_gone_is_refused(world, serve, unused_tcp_port):
    world.service("backend", f"http://127.0.0.1:{unused_tcp_port}", version=Version(protocol="protocol"))
    world.service("frontend", await serve(lambda asked: (200, schema())), version=Version(bundle="/b.json"))
    world.checks["websocket"] = CheckSpec(kind="websocket", account=False)
    result = (await world.ask("websocket-handshake"))["websocket-handshake"]
    assert (result.outcome, result.facts["kind"]) == ("failed", "refused")
