"""Publishes the progress of tasks to a taskwire server.

    from taskwire import Task, track

    with Task("upload_1"):
        for row in track(rows):
            ...

The server's address is read from `TASKWIRE_URL` (`http://127.0.0.1:8000` by
default), the key from `TASKWIRE_API_KEYS` (the first of a list). A background
thread sends the events: publishing never blocks and never fails the job. The
logger `taskwire` reports events that could not be published.
"""

from ._runtime import configure, flush
from ._server import Refused, Unanswered
from ._task import Canceled, Task, current_task, update
from ._track import track

__all__ = [
    "Canceled",
    "Refused",
    "Task",
    "Unanswered",
    "configure",
    "current_task",
    "flush",
    "track",
    "update",
]
