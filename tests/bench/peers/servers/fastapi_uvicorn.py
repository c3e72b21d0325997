"""FastAPI on uvicorn with uvloop and httptools; the token is verified by PyJWT, as its users do."""

import json
import os
import uuid
from datetime import datetime, timezone

import jwt
import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect

SECRET = os.environ["JWT_SECRET"]
EPOCH = str(uuid.uuid4())
MESSAGE = "WebSocket连接成功"

app = FastAPI()
watchers: dict[str, set[WebSocket]] = {}
offsets: dict[str, int] = {}


def encode(value) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def authenticate(token: str | None) -> tuple[int, str]:
    if not token:
        return 1, "guest"
    try:
        claims = jwt.decode(token, SECRET, algorithms=["HS256"])
        return int(claims["sub"]), "authenticated"
    except Exception:
        return 1, "invalid_token"


async def publish(connection_id: str, event: dict) -> dict:
    offset = offsets[connection_id] = offsets.get(connection_id, 0) + 1
    text = encode({
        "type": "task",
        "connection_id": connection_id,
        "offset": offset,
        "event_id": event.get("event_id") or str(uuid.uuid4()),
        "status": event["status"],
        "attempt": 1,
        "progress": event["progress"],
        "message": event["message"],
        "timestamp": datetime.now(timezone.utc).isoformat(),
    })
    sockets = list(watchers.get(connection_id, ()))
    for socket in sockets:
        await socket.send_text(text)
    return {
        "connection_id": connection_id,
        "epoch": EPOCH,
        "offset": offset,
        "delivered": len(sockets),
        "duplicate": False,
        "cancel_requested": False,
    }


@app.websocket("/ws/realtime/{connection_id:path}")
async def realtime(socket: WebSocket, connection_id: str):
    await socket.accept()
    user_id, auth_status = authenticate(socket.query_params.get("token"))
    await socket.send_text(encode({
        "type": "connected",
        "message": MESSAGE,
        "connection_id": connection_id,
        "user_id": user_id,
        "auth_status": auth_status,
    }))
    await socket.send_text(encode({"type": "sync", "epoch": EPOCH, "offset": 0, "recovered": False, "task": None}))
    watching = watchers.setdefault(connection_id, set())
    watching.add(socket)
    try:
        while True:
            await socket.receive_text()
    except WebSocketDisconnect:
        pass
    finally:
        watching.discard(socket)
        if not watching:
            watchers.pop(connection_id, None)


@app.websocket("/ws/test/{connection_id}")
async def test(socket: WebSocket, connection_id: str):
    await socket.accept()
    await socket.send_text(encode({"type": "connected", "message": MESSAGE, "connection_id": connection_id}))
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        pass


@app.post("/api/tasks/{connection_id:path}/events")
async def publish_event(connection_id: str, request: Request):
    result = await publish(connection_id, json.loads(await request.body()))
    return Response(encode(result), 201, media_type="application/json")


@app.post("/api/events")
async def publish_events(request: Request):
    results = []
    for line in (await request.body()).splitlines():
        event = json.loads(line)
        results.append(encode(await publish(event["connection_id"], event)) + "\n")
    return Response("".join(results), media_type="application/x-ndjson")


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print("ready", flush=True)


Server(uvicorn.Config(
    app,
    host="127.0.0.1",
    port=int(os.environ["PORT"]),
    loop="uvloop",
    http="httptools",
    ws="websockets",
    log_level="error",
    ws_per_message_deflate=False,
)).run()
