"""Shows Celery's tasks in taskwire, by Celery's signals.

    from celery_taskwire import install, progress

    install()

    @app.task
    def transcode(frames):
        for frame in range(frames):
            progress(current=frame, total=frames, unit="frames")

The task's id is its `connection_id`: choose it with
`transcode.apply_async([100], task_id="upload_1")`. To make it private, name
the user: `headers={"taskwire_user_id": 42}`.

A worker publishes `running` when it begins, `succeeded`, `failed` or
`canceled` at the end, and each retry as an attempt of its own. Where taskwire
can't be reached, the tasks run all the same, and the log says so.
"""

import logging

from celery import current_task, signals
from celery.exceptions import Ignore
from publish import Refused, Task

log = logging.getLogger(__name__)

_lease = 60


class Canceled(Ignore):
    """Somebody asked the task to stop: ends it quietly, as Celery ignores it."""


def install(lease=60):
    """Connects the signals. Call it once, in the module of the app.

    `lease`, in seconds: a running task that publishes nothing for so long is
    shown as `lost`, until it publishes again. `None` for never.
    """
    global _lease
    _lease = lease
    signals.task_prerun.connect(_started)
    signals.task_success.connect(_succeeded)
    signals.task_failure.connect(_failed)
    signals.task_retry.connect(_retried)
    signals.task_revoked.connect(_revoked)


def progress(fraction=None, **event):
    """Publishes how far the running task is.

    `fraction` is 0 to 1; or give `current`, `total`, `unit`, `message`, `data`.
    Raises `Canceled` when somebody asked the task to stop: let it through, and
    clean up in `finally`.
    """
    if fraction is not None:
        event["progress"] = fraction
    request = current_task.request
    answer = _publish(request, event)
    if answer and answer["cancel_requested"]:
        _publish(request, {"status": "canceled"})
        raise Canceled("a watcher asked the task to stop")


def _started(task=None, **_):
    user_id = task.request.get("taskwire_user_id")
    event = {"status": "running"}
    if user_id is not None:
        event["user_id"] = user_id
    _publish(task.request, event)


def _succeeded(sender=None, **_):
    _publish(sender.request, {"status": "succeeded", "progress": 1})


def _failed(sender=None, exception=None, **_):
    # The exception's text may hold what watchers must not see; its class doesn't.
    _publish(sender.request, {"status": "failed", "message": type(exception).__name__})


def _retried(request=None, reason=None, **_):
    _publish(request, {"message": "will be tried again"})


def _revoked(request=None, **_):
    _publish(request, {"status": "canceled"})


def _publish(request, event):
    lease = None if event.get("status") in ("succeeded", "failed", "canceled") else _lease
    retries = getattr(request, "retries", None)
    if retries is not None:
        event["attempt"] = retries + 1
    try:
        return Task(request.id, lease=lease, tries=3, timeout=5).publish(**event)
    except Refused as error:
        # Such as the next attempt's having begun before this one's last word.
        log.warning("taskwire does not take an event of %s: %s", request.id, error)
    except OSError as error:
        log.warning("taskwire can't be reached for %s: %s", request.id, error)
    return None
