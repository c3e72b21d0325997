"""Shows management commands and the work of views in taskwire.

    # settings.py; without these three, the environment counts
    INSTALLED_APPS += ["taskwire.django.TaskwireConfig"]
    TASKWIRE_URL = "http://127.0.0.1:8000"
    TASKWIRE_API_KEYS = "..."
    TASKWIRE_JWT_SECRET = "..."

A management command:

    class Command(TaskCommand):
        def handle(self, *args, **options):
            for row in track(rows):
                ...

    python manage.py import_rows --taskwire import_7

A view that starts a job, and tells the page how to watch it:

    def start(request):
        task = task_for(request, f"upload_{uuid4().hex}", title="Upload")
        task.publish(status="queued")  # private before anyone can watch
        transcode.apply_async(task_id=task.id)
        return JsonResponse({"connection_id": task.id, "token": token_for(request, task.id)})
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import time
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.core.management.base import BaseCommand

from ._runtime import configure
from ._task import Task


class TaskwireConfig(AppConfig):  # type: ignore[misc]
    """Configures the library by Django's settings."""

    name = "taskwire.django"
    label = "taskwire"

    def ready(self) -> None:
        configure(getattr(settings, "TASKWIRE_URL", None), getattr(settings, "TASKWIRE_API_KEYS", None))


class TaskCommand(BaseCommand):  # type: ignore[misc]
    """A management command that `--taskwire ID` shows as a task."""

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        parser = super().create_parser(*args, **kwargs)
        parser.add_argument("--taskwire", metavar="ID", help="show the command in taskwire under this id")
        return parser

    def execute(self, *args: Any, **options: Any) -> Any:
        id = options.pop("taskwire", None)
        if id is None:
            return super().execute(*args, **options)
        with Task(id, title=type(self).__module__.rsplit(".", 1)[-1]):
            return super().execute(*args, **options)


def task_for(request: Any, id: str, **options: Any) -> Task:
    """Returns a task that is private to the request's user. `options` are those of `Task`."""
    return Task(id, user_id=_user_of(request), **options)


def token_for(request: Any, *ids: str, lifetime: float = 300) -> str:
    """Returns a token for the request's user to watch tasks, valid for some seconds.

    The page sends the token to taskwire directly, and asks for a new one before
    the end of the lifetime.
    """
    secrets = getattr(settings, "TASKWIRE_JWT_SECRET", None) or os.environ.get("TASKWIRE_JWT_SECRET")
    secret = (secrets or "").split(",")[0].strip()
    if not secret:
        raise ImproperlyConfigured("TASKWIRE_JWT_SECRET is not set: give the secret of the taskwire server")
    claims = {"sub": _user_of(request), "tasks": ids, "exp": int(time.time() + lifetime)}
    signed = f"{_encode({'alg': 'HS256', 'typ': 'JWT'})}.{_encode(claims)}"
    signature = hmac.digest(secret.encode(), signed.encode(), hashlib.sha256)
    return f"{signed}.{_base64url(signature)}"


def _user_of(request: Any) -> str:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        raise PermissionDenied("sign in to start a task")
    return str(user.pk)


def _encode(value: Any) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
