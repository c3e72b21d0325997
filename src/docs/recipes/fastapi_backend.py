"""A backend with a page to watch the user's own tasks. Uses FastAPI, PyJWT and the Python library.

    TASKWIRE_JWT_SECRET=... TASKWIRE_API_KEYS=... uvicorn fastapi_backend:app --port 9000

The backend and taskwire share the secret for tokens (TASKWIRE_JWT_SECRET). The
page gets a token for its user and one task, and connects to taskwire directly:
no socket goes through the backend.
"""

import os
import time
import uuid

import jwt
from fastapi import BackgroundTasks, Depends, FastAPI, Header, HTTPException
from taskwire import Refused, Task, Unanswered, track

app = FastAPI()
secret = os.environ["TASKWIRE_JWT_SECRET"].split(",")[0].strip()


def signed_in_user(x_demo_user: str = Header(None)):
    """A placeholder: replace with your session's authentication."""
    if x_demo_user is None:
        raise HTTPException(401, "Sign in first")
    return x_demo_user


def token_for(user_id, connection_id):
    """Returns a token for one task, valid for five minutes."""
    claims = {"sub": user_id, "tasks": [connection_id], "exp": int(time.time()) + 300}
    return jwt.encode(claims, secret, algorithm="HS256")


@app.post("/uploads")
def start_upload(background: BackgroundTasks, user_id=Depends(signed_in_user)):
    connection_id = f"upload_{uuid.uuid4().hex}"
    # The first event sets the task's user, before anyone can watch the task.
    try:
        Task(connection_id, user_id=user_id).publish(status="queued")
    except (Refused, Unanswered) as error:
        raise HTTPException(503, "Progress can't be shown now: try again later") from error
    background.add_task(work, connection_id, user_id)
    return {"connection_id": connection_id, "token": token_for(user_id, connection_id)}


@app.get("/uploads/{connection_id}/token")
def renew_token(connection_id: str, user_id=Depends(signed_in_user)):
    """Returns a new token before the old one expires. taskwire checks the access."""
    return {"token": token_for(user_id, connection_id)}


def work(connection_id, user_id):
    """Your job. Better run by a Celery, RQ or Dramatiq worker in a separate process."""
    with Task(connection_id, user_id=user_id):
        for _ in track(range(100), unit="rows"):
            time.sleep(0.01)
