"""Shows the jobs of arq in taskwire, by a decorator of the function.

    from taskwire.arq import shown

    @shown
    async def transcode(ctx, frames):
        async for frame in track(frames):
            ...

    class WorkerSettings:
        functions = [transcode]

The id of the job is the `connection_id`. In a job, `taskwire.track()` and
`taskwire.update()` move the bar. While a job waits for a retry, the status is
`queued`; the retry is a new attempt. An aborted job is `canceled`. A cancel
from a watcher interrupts the job.

A job of arq carries no further facts. To make it private, publish its first
event before it is enqueued:

    Task("upload_1", user_id=42).publish(status="queued")
    await redis.enqueue_job("transcode", _job_id="upload_1")
"""

from __future__ import annotations

from functools import wraps
from typing import Any, Awaitable, Callable, Optional, TypeVar

from arq.worker import Retry, RetryJob

from ._task import Task

_Result = TypeVar("_Result")
_Function = Callable[..., Awaitable[_Result]]


def shown(
    function: Optional[_Function[Any]] = None,
    *,
    max_tries: int = 5,
    lease: Optional[float] = 30.0,
    show_errors: bool = False,
) -> Any:
    """Shows the jobs of a function.

    `max_tries` is that of the worker: the last try ends the task. `lease` and
    `show_errors` are those of `Task`.
    """

    def decorate(function: _Function[_Result]) -> _Function[_Result]:
        @wraps(function)
        async def run(ctx: Any, *args: Any, **kwargs: Any) -> _Result:
            attempt = ctx["job_try"]
            task = _ArqTask(ctx["job_id"], attempt=attempt, lease=lease, show_errors=show_errors)
            task.is_last_try = attempt >= max_tries
            async with task:
                return await function(ctx, *args, **kwargs)

        return run

    return decorate(function) if function else decorate


class _ArqTask(Task):
    is_last_try = False

    def fail(self, error: Any = None) -> None:
        if isinstance(error, (Retry, RetryJob)) and not self.is_last_try:
            self.queue("will be tried again")
        else:
            super().fail(error)
