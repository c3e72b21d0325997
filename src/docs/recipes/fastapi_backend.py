"""A backend whose page watches its own user's tasks. FastAPI and PyJWT.

    TASKWIRE_JWT_SECRET=... TASKWIRE_API_KEYS=... uvicorn fastapi_backend:app --port 9000

It holds the secret that taskwire verifies tokens with (TASKWIRE_JWT_SECRET,
the same on both). The page gets a token for its user and one task, and takes it
to taskwire itself: no socket goes through this backend.
"""

import os
import time
import uuid

import jwt
from fastapi import BackgroundTasks, Depends, FastAPI, Header, HTTPException
from publish import Refused, Task

app = FastAPI()
secret = os.environ["TASKWIRE_JWT_SECRET"].split(",")[0].strip()


def signed_in_user(x_demo_user: str = Header(None)):
    """Stands for your session: replace it by how you know who is asking."""
    if x_demo_user is None:
        raise HTTPException(401, "Sign in first")
    return x_demo_user


def token_for(user_id, connection_id):
    """A token of five minutes, good for this one task."""
    claims = {"sub": user_id, "tasks": [connection_id], "exp": int(time.time()) + 300}
    return jwt.encode(claims, secret, algorithm="HS256")


@app.post("/uploads")
def start_upload(background: BackgroundTasks, user_id=Depends(signed_in_user)):
    connection_id = f"upload_{uuid.uuid4().hex}"
    # The first event settles whose task it is, before anybody can watch it.
    try:
        Task(connection_id, tries=2).publish(status="queued", user_id=user_id)
    except (OSError, Refused) as error:
        raise HTTPException(503, "Progress can't be shown now: try again later") from error
    background.add_task(work, connection_id)
    return {"connection_id": connection_id, "token": token_for(user_id, connection_id)}


@app.get("/uploads/{connection_id}/token")
def renew_token(connection_id: str, user_id=Depends(signed_in_user)):
    """A new token before the old one ends. Who may watch, taskwire checks."""
    return {"token": token_for(user_id, connection_id)}


def work(connection_id):
    """Your job; better a worker of Celery, RQ or Dramatiq in a process of its own."""
    task = Task(connection_id, lease=30)
    for row in range(0, 100, 25):
        answer = task.report(status="running", current=row, total=100, unit="rows")
        if answer.get("cancel_requested"):
            task.report(status="canceled")
            return
        time.sleep(0.2)
    task.report(status="succeeded", current=100)
