"""Shows the tasks of Celery in taskwire, using Celery's signals.

    from celery_taskwire import install, progress

    install()

    @app.task
    def transcode(frames):
        for frame in range(frames):
            progress(current=frame, total=frames, unit="frames")

The task's id is the `connection_id`: choose an id with
`transcode.apply_async([100], task_id="upload_1")`. To make a task
private, name the user: `headers={"taskwire_user_id": 42}`.

A worker publishes `running` at the start, and `succeeded`, `failed` or
`canceled` at the end, even if the process is killed. While a task waits for a
retry, the status is `queued`, with a message; the retry is a new attempt. If
taskwire can't be reached, tasks run as usual and a warning is logged.
"""

from celery import current_task, signals, states
from celery.exceptions import Ignore
from publish import Task

_lease = 60


class Canceled(Ignore):
    """The task was asked to stop. Celery ignores the exception and ends the task."""


def install(lease=60):
    """Connects the signals. Call once, in the module of the app.

    `lease`, in seconds: a running task without an event for this time is shown
    as `lost`, until the next event. `None` turns the lease off.
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
    """Publishes the progress of the running task.

    `fraction` is 0 to 1; or give `current`, `total`, `unit`, `message`, `data`.
    Raises `Canceled` if the task was asked to stop: do not catch the exception,
    and clean up in `finally`.
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
    # Only the exception's class: the text may contain secrets.
    event = {"status": "failed", "message": type(exception).__name__}
    # For a killed process, the parent process reports, and knows only the id.
    _publish(sender.request, event, task_id)


def _retried(request=None, **_):
    _publish(request, {"status": "queued", "message": "will be tried again"})


def _revoked(request=None, **_):
    _publish(request, {"status": "canceled"})


def _ended(task=None, task_id=None, state=None, retval=None, **_):
    """Ends tasks without a signal of their own: `Ignore`, `Reject`."""
    if state == states.REJECTED:
        # A requeued task runs again; otherwise the message is a dead letter.
        status = "queued" if getattr(retval, "requeue", False) else "failed"
    elif state == states.IGNORED:
        if str(retval).startswith("Replaced by"):
            return  # `self.replace()`: a new task continues under the same id
        status = "canceled"
    else:
        return
    _publish(task.request, {"status": status}, task_id)


def _publish(request, event, task_id=None):
    """Publishes an event and never fails the task: `report` logs errors."""
    lease = _lease if event.get("status", "running") == "running" else None
    retries = getattr(request, "retries", None)
    if request.id is not None and retries is not None:
        event["attempt"] = retries + 1
    return Task(task_id or request.id, lease=lease, tries=3, timeout=5).report(**event)
