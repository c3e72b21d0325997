"""Shows the tasks of Celery in taskwire, using Celery's signals.

    from taskwire import track
    from taskwire.celery import install

    install()

    @app.task
    def transcode(frames):
        for frame in track(range(frames), unit="frames"):
            ...

The id of the Celery task is the `connection_id`. `headers` makes a task private
and gives it a title and labels:

    transcode.apply_async([100], task_id="upload_1", headers=headers(user_id=42))

A worker publishes `running` at the start and the status at the end, also if the
process is killed. While a task waits for a retry, the status is `queued`; the
retry is a new attempt. Revoked and ignored tasks are `canceled`, rejected tasks
`failed`.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Optional, Union

from celery import signals, states
from celery.canvas import Signature, _chain, chord, group
from celery.exceptions import Ignore

from ._job import Jobs, facts
from ._runtime import flush, settings
from ._task import Canceled as _Canceled
from ._task import Task

_HEADER = "taskwire"
_GROUP_HEADER = "taskwire_group"


class Canceled(_Canceled, Ignore):  # type: ignore[misc]
    """The task was asked to stop. Celery ignores the exception and ends the task."""


class _CeleryTask(Task):
    canceled_error = Canceled


class _Options:
    lease: Optional[float] = 30.0
    show_errors = False


_jobs = Jobs()


def install(*, lease: Optional[float] = 30.0, show_errors: bool = False) -> None:
    """Connects the signals. Call once, in the module of the app.

    `lease` and `show_errors` are those of `Task`.
    """
    _Options.lease = lease
    _Options.show_errors = show_errors
    signals.task_prerun.connect(_started)
    signals.task_success.connect(_succeeded)
    signals.task_failure.connect(_failed)
    signals.task_retry.connect(_retried)
    signals.task_revoked.connect(_revoked)
    signals.task_postrun.connect(_ended)
    # A child process of the worker ends without `atexit`.
    signals.worker_process_shutdown.connect(_flush)


def headers(
    *,
    user_id: Union[str, int, None] = None,
    title: Optional[str] = None,
    labels: Iterable[str] = (),
) -> Dict[str, Any]:
    """Returns the headers for `apply_async`, or a signature, with the members of `Task`."""
    return {_HEADER: facts(user_id=user_id, title=title, labels=labels)}


def track_group(
    signature: Signature,
    id: str,
    *,
    user_id: Union[str, int, None] = None,
    title: Optional[str] = None,
    labels: Iterable[str] = (),
) -> Signature:
    """Shows a group, or the header of a chord, as one task; returns the signature.

        track_group(group(transcode.s(part) for part in parts), "upload_1").apply_async()

    The task counts the members that have succeeded, and ends with the last one,
    or with the first that fails.
    """
    if not isinstance(signature, (group, chord)):
        raise TypeError("expected a group or a chord")
    members: List[Signature] = list(signature.tasks)
    header = {"id": id, "total": len(members), **facts(user_id=user_id, title=title, labels=labels)}
    for member in members:
        last = member.tasks[-1] if isinstance(member, _chain) else member
        last.set(headers={**(last.options.get("headers") or {}), _GROUP_HEADER: header})
    _publish_group(header, {"status": "running"})
    return signature


def _task_of(request: Any, task_id: Optional[str] = None) -> Task:
    """Returns the task of a request.

    For a killed child process, the parent process reports, and knows only the id.
    """
    id = task_id or request.id
    running = _jobs.get(id)
    if running:
        return running
    retries = getattr(request, "retries", None)
    return _CeleryTask(
        id,
        attempt=None if request.id is None or retries is None else retries + 1,
        lease=_Options.lease,
        show_errors=_Options.show_errors,
        **(getattr(request, _HEADER, None) or {}),
    )


def _started(task: Any = None, task_id: str = "", **_: Any) -> None:
    request = task.request
    # Celery takes over the headers of `request.headers` into a retry, but does not fill `request.headers` in.
    ours = {name: getattr(request, name) for name in (_HEADER, _GROUP_HEADER) if hasattr(request, name)}
    request.headers = {**(request.headers or {}), **ours}
    _jobs.begin(_task_of(request, task_id))


def _succeeded(sender: Any = None, **_: Any) -> None:
    request = sender.request
    _task_of(request).succeed()
    header = getattr(request, _GROUP_HEADER, None)
    if header:
        _count_member(header, request.id)


def _failed(sender: Any = None, task_id: str = "", exception: Any = None, **_: Any) -> None:
    _task_of(sender.request, task_id).fail(exception)
    header = getattr(sender.request, _GROUP_HEADER, None)
    if header:
        _publish_group(header, {"status": "failed", "message": type(exception).__name__})


def _retried(request: Any = None, **_: Any) -> None:
    _task_of(request).queue("will be tried again")


def _revoked(request: Any = None, **_: Any) -> None:
    _task_of(request).cancel()


def _ended(task: Any = None, task_id: str = "", state: Any = None, retval: Any = None, **_: Any) -> None:
    """Ends tasks without a signal of their own: `Ignore`, `Reject`."""
    shown = _task_of(task.request, task_id)
    if state == states.REJECTED:
        # A requeued task runs again; otherwise the message is a dead letter.
        if getattr(retval, "requeue", False):
            shown.queue()
        else:
            shown.fail()
    # After `self.replace()`, a new task continues under the same id.
    elif state == states.IGNORED and not str(retval).startswith("Replaced by"):
        shown.cancel()
    _jobs.end(task_id)


def _flush(**_: Any) -> None:
    flush(settings.exit_timeout)


def _count_member(header: Dict[str, Any], member_id: str) -> None:
    def end_if_last(answer: Dict[str, Any]) -> None:
        # A single member sees the count reach the total.
        if answer.get("current") == header["total"]:
            _publish_group(header, {"status": "succeeded", "event_id": "all members"})

    # A member that is delivered twice counts once.
    event = {"increment": 1, "event_id": f"member {member_id}"}
    _publish_group(header, event, end_if_last)


def _publish_group(header: Dict[str, Any], event: Dict[str, Any], on_answer: Any = None) -> None:
    """Each event has all facts of the group, since any may be the first."""
    always = {name: value for name, value in header.items() if name not in ("id", "user_id")}
    task = Task(header["id"], user_id=header.get("user_id"), lease=None)
    task._put({**always, **event}, on_answer)
