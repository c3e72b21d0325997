"""Shows the tasks of Huey in taskwire, using Huey's signals.

    from taskwire.huey import install

    install(huey)

The id of the Huey task is the `connection_id`. In a task, `taskwire.track()` and
`taskwire.update()` move the bar. While a task waits for a retry, the status is
`queued`; the retry is a new attempt. Revoked and expired tasks are `canceled`.

A Huey task carries no further facts. To make a task private, publish its first
event before it is enqueued:

    Task(task.id, user_id=42).publish(status="queued")
    huey.enqueue(task)
"""

from __future__ import annotations

from typing import Any, Optional

from huey import CancelExecution
from huey import signals as s

from ._job import Jobs
from ._task import Canceled as _Canceled
from ._task import Task

_ENDS_CANCELED = (s.SIGNAL_CANCELED, s.SIGNAL_EXPIRED, s.SIGNAL_REVOKED)


class Canceled(_Canceled, CancelExecution):  # type: ignore[misc]
    """The task was asked to stop. Huey cancels the task, without a retry."""

    def __init__(self, *args: Any) -> None:
        CancelExecution.__init__(self, retry=False)
        self.args = args


class _HueyTask(Task):
    canceled_error = Canceled


def install(huey: Any, *, lease: Optional[float] = 30.0, show_errors: bool = False) -> None:
    """Connects the signals. `lease` and `show_errors` are those of `Task`."""
    jobs = Jobs()

    def count(task: Any) -> int:
        # Huey counts the tries that remain, which tasks can change.
        return int(huey.get(f"taskwire.attempt.{task.id}", peek=True) or 1)

    def receive(signal: str, task: Any, error: Optional[BaseException] = None) -> None:
        if signal in (s.SIGNAL_ENQUEUED, s.SIGNAL_SCHEDULED):
            return
        attempt = count(task)
        shown = jobs.get(task.id) or _HueyTask(
            task.id, attempt=attempt, lease=lease, show_errors=show_errors
        )
        if signal == s.SIGNAL_EXECUTING:
            return jobs.begin(shown)
        if signal == s.SIGNAL_RETRYING:
            shown.queue("will be tried again")
            huey.put(f"taskwire.attempt.{task.id}", attempt + 1)
        elif task.retries and signal not in (s.SIGNAL_COMPLETE, s.SIGNAL_INTERRUPTED, *_ENDS_CANCELED[1:]):
            return  # SIGNAL_RETRYING follows
        else:
            if signal == s.SIGNAL_COMPLETE:
                shown.succeed()
            elif signal in _ENDS_CANCELED:
                shown.cancel()
            else:
                shown.fail(error or signal)
            if attempt > 1:
                huey.get(f"taskwire.attempt.{task.id}")
        jobs.end(task.id)

    huey.signal()(receive)
