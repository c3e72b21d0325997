"""The tasks of a queue's jobs, while they run in this process."""

from __future__ import annotations

from contextvars import Token
from typing import Any, Dict, Iterable, Optional, Tuple, Union

from ._task import Task, _current, _given


def facts(
    *,
    user_id: Union[str, int, None] = None,
    title: Optional[str] = None,
    labels: Iterable[str] = (),
) -> Dict[str, Any]:
    """Returns the members of `Task` that travel with a job, as JSON."""
    return _given(user_id=user_id, title=title, labels=list(labels) or None)


class Jobs:
    """The running jobs, by id. A job's task is the current task of its thread."""

    def __init__(self) -> None:
        self._running: Dict[str, Tuple[Task, "Token[Optional[Task]]"]] = {}

    def begin(self, task: Task) -> None:
        self._running[task.id] = task, _current.set(task)
        task.start()

    def get(self, id: str) -> Optional[Task]:
        running = self._running.get(id)
        return running[0] if running else None

    def end(self, id: str) -> None:
        """Forgets a job. Does not publish an end."""
        running = self._running.pop(id, None)
        if running is None:
            return
        task, token = running
        task._close()
        try:
            _current.reset(token)
        except ValueError:  # a queue that calls the hooks in different contexts
            _current.set(None)
