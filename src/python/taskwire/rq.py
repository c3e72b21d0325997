"""Shows the jobs of RQ in taskwire, by a worker class.

    rq worker --worker-class taskwire.rq.Worker

The id of the job is the `connection_id`. `meta` makes a job private and gives
it a title and labels:

    queue.enqueue(transcode, job_id="upload_1", meta=meta(user_id=42))

In a job, `taskwire.track()` and `taskwire.update()` move the bar. While a job
waits for a retry, the status is `queued`; the retry is a new attempt. A job
stopped by RQ is `canceled`; a job whose process is killed is `failed`.
"""

from __future__ import annotations

import sys
from typing import Any, Dict, Iterable, Optional, Union

import rq

from ._job import Jobs, facts
from ._runtime import flush, settings
from ._task import Canceled, Task

_META = "taskwire"
_ATTEMPT = "taskwire_attempt"

_jobs = Jobs()


def meta(
    *,
    user_id: Union[str, int, None] = None,
    title: Optional[str] = None,
    labels: Iterable[str] = (),
) -> Dict[str, Any]:
    """Returns the `meta` for `enqueue`, with the members of `Task`."""
    return {_META: facts(user_id=user_id, title=title, labels=labels)}


class _ShowsJobs:
    """The hooks of a worker. A subclass changes `lease` and `show_errors`, as of `Task`."""

    lease: Optional[float] = 30.0
    show_errors = False

    def execute_job(self, job: Any, queue: Any) -> Any:
        # Before the fork, so that worker and job agree.
        job.meta[_ATTEMPT] = job.meta.get(_ATTEMPT, 0) + 1
        job.save_meta()
        return super().execute_job(job, queue)  # type: ignore[misc]

    def perform_job(self, job: Any, queue: Any) -> Any:
        _jobs.begin(self._task_of(job))
        try:
            return super().perform_job(job, queue)  # type: ignore[misc]
        finally:
            _jobs.end(job.id)
            if self.is_horse:  # type: ignore[attr-defined]
                flush(settings.exit_timeout)  # the process ends without `atexit`

    def handle_job_success(self, job: Any, *args: Any, **kwargs: Any) -> Any:
        result = super().handle_job_success(job, *args, **kwargs)  # type: ignore[misc]
        self._task_of(job).succeed()
        return result

    def handle_job_failure(self, job: Any, *args: Any, **kwargs: Any) -> Any:
        """Called in the job's process, or in the worker after that process has died."""
        task = self._task_of(job)
        error = sys.exc_info()[1]
        if isinstance(error, Canceled):
            job.retries_left = 0
            task.cancel()
        elif self._stopped_job_id == job.id:  # type: ignore[attr-defined]
            task.cancel()
        elif job.retries_left:
            task.queue("will be tried again")
        else:
            task.fail(error or "the process of the job has died")
        return super().handle_job_failure(job, *args, **kwargs)  # type: ignore[misc]

    def _task_of(self, job: Any) -> Task:
        return _jobs.get(job.id) or Task(
            job.id,
            attempt=job.meta.get(_ATTEMPT),
            lease=self.lease,
            show_errors=self.show_errors,
            **job.meta.get(_META, {}),
        )


class Worker(_ShowsJobs, rq.Worker):  # type: ignore[misc]
    """`rq.Worker`, with a process for each job."""


class SimpleWorker(_ShowsJobs, rq.SimpleWorker):  # type: ignore[misc]
    """`rq.SimpleWorker`, with all jobs in one process."""
