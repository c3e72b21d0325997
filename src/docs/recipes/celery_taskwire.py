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

A worker publishes `running` when it begins; `succeeded`, `failed` or
`canceled` at the end, also if its process is killed; and `queued`, as a message
for people says, while a retry is waited for, which is an attempt of its own. If
taskwire can't be reached, the tasks run all the same, and the log says so.
"""

from celery import current_task, signals, states
from celery.exceptions import Ignore
from publish import Task

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
    signals.task_postrun.connect(_ended)


def progress(fraction=None, **event):
    """Publishes how far the running task is.

    `fraction` is 0 to 1; or give `current`, `total`, `unit`, `message`, `data`.
    Raises `Canceled` when somebody asked the task to stop: let it through, and
    clean up in `finally`.
    """
    if fraction is not None:
        event["progress"] = fraction
    answer = _publish(current_task.request, event)
    if answer.get("cancel_requested"):
        raise Canceled("a watcher asked the task to stop")


def _started(task=None, **_):
    user_id = task.request.get("taskwire_user_id")
    event = {"status": "running"}
    if user_id is not None:
        event["user_id"] = user_id
    _publish(task.request, event)


def _succeeded(sender=None, **_):
    _publish(sender.request, {"status": "succeeded", "progress": 1})


def _failed(sender=None, task_id=None, exception=None, **_):
    # The exception's text may hold what watchers must not see; its class doesn't.
    event = {"status": "failed", "message": type(exception).__name__}
    # Of a process that was killed its parent tells, which has the id alone.
    _publish(sender.request, event, task_id)


def _retried(request=None, **_):
    _publish(request, {"status": "queued", "message": "will be tried again"})


def _revoked(request=None, **_):
    _publish(request, {"status": "canceled"})


def _ended(task=None, task_id=None, state=None, retval=None, **_):
    """Closes what no other signal does: `Ignore`, `Reject`."""
    if state == states.REJECTED:
        # Put back into the queue, it runs again; otherwise it is a dead letter.
        status = "queued" if getattr(retval, "requeue", False) else "failed"
    elif state == states.IGNORED:
        if str(retval).startswith("Replaced by"):
            return  # `self.replace()`: another task goes on under the id; nothing else tells it
        status = "canceled"
    else:
        return
    _publish(task.request, {"status": status}, task_id)


def _publish(request, event, task_id=None):
    """Publishes an event of a task, and never fails it: `report` logs the reason."""
    lease = _lease if event.get("status", "running") == "running" else None
    retries = getattr(request, "retries", None)
    if request.id is not None and retries is not None:
        event["attempt"] = retries + 1
    return Task(task_id or request.id, lease=lease, tries=3, timeout=5).report(**event)
