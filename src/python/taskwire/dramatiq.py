"""Shows the messages of Dramatiq in taskwire, by a middleware.

    from taskwire.dramatiq import install

    install(broker)

The id of the message is the `connection_id`. Options make a task private and
give it a title and labels:

    message = transcode.send_with_options(args=[100], taskwire=facts(user_id=42))

In an actor, `taskwire.track()` and `taskwire.update()` move the bar. While a
message waits for a retry, the status is `queued`; the retry is a new attempt.
"""

from __future__ import annotations

from typing import Any, Optional

import dramatiq
from dramatiq.middleware import Retries, SkipMessage

from ._job import Jobs, facts
from ._task import Canceled as _Canceled
from ._task import Task

__all__ = ["Canceled", "facts", "install"]


class Canceled(_Canceled, SkipMessage):  # type: ignore[misc]
    """The task was asked to stop. Dramatiq skips the message, without a retry."""


class _DramatiqTask(Task):
    canceled_error = Canceled


def install(broker: Any, *, lease: Optional[float] = 30.0, show_errors: bool = False) -> None:
    """Adds the middleware. `lease` and `show_errors` are those of `Task`."""
    retries = any(isinstance(middleware, Retries) for middleware in broker.middleware)
    # Before `Retries`, so that the middleware hears of an exception after the decision.
    place = {"before": Retries} if retries else {}
    broker.add_middleware(_ShowsMessages(lease, show_errors, retries), **place)


class _ShowsMessages(dramatiq.Middleware):  # type: ignore[misc]
    def __init__(self, lease: Optional[float], show_errors: bool, retries: bool) -> None:
        self._lease = lease
        self._show_errors = show_errors
        self._retries = retries
        self._jobs = Jobs()

    @property
    def actor_options(self) -> Any:
        return {"taskwire"}

    def before_process_message(self, broker: Any, message: Any) -> None:
        self._jobs.begin(self._task_of(message))

    def _task_of(self, message: Any) -> Task:
        options = message.options
        return self._jobs.get(message.message_id) or _DramatiqTask(
            message.message_id,
            attempt=options.get("retries", 0) + 1,
            lease=self._lease,
            show_errors=self._show_errors,
            **(options.get("taskwire") or {}),
        )

    def after_process_message(
        self, broker: Any, message: Any, *, result: Any = None, exception: Optional[BaseException] = None
    ) -> None:
        task = self._jobs.get(message.message_id)
        if task is None:
            return
        if exception is None:
            task.succeed()
        elif message.failed or not self._retries:
            task.fail(exception)
        else:
            task.queue("will be tried again")
        self._jobs.end(message.message_id)

    def after_skip_message(self, broker: Any, message: Any) -> None:
        """Ends a message that an actor or a middleware skips: canceled, or too old."""
        self._task_of(message).cancel()
        self._jobs.end(message.message_id)
