"""Tasks, their events and their heartbeats."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Callable, ClassVar, Dict, Iterable, List, Optional, Type, TypeVar, Union

from ._event import Answer, Event
from ._runtime import make_server, sender, settings
from ._server import Refused, Unanswered, to_json
from ._sender import log

#: The longest message and title, in characters; the server refuses longer ones.
_MAX_MESSAGE = 1_000
_MAX_TITLE = 200

#: Seconds from the start of a task to its first heartbeat.
_FIRST_PAUSE = 1.0

#: The longest wait of a heartbeat for a request to cancel, in seconds.
_MAX_WAIT = 10.0

#: The task's end, or its next attempt, came from elsewhere.
_ENDED_ELSEWHERE = ("task_finished", "attempt_outdated")

_Self = TypeVar("_Self", bound="Task")

_current: "ContextVar[Optional[Task]]" = ContextVar("taskwire_task", default=None)


class Canceled(Exception):
    """The task was asked to stop. Clean up in `finally`, and let the exception pass."""


def current_task() -> "Optional[Task]":
    """Returns the task of the innermost `with Task(...)` around the caller, or of the queue's job."""
    return _current.get()


def update(progress: Optional[float] = None, **event: Any) -> None:
    """Calls `update` of the current task, if any."""
    task = current_task()
    if task is not None:
        task.update(progress, **event)


class Task:
    """A task, identified by its `connection_id`.

        with Task("upload_1", title="Upload") as task:
            task.update(0.42, message="transcoding")

    The block's start publishes `running`, its end `succeeded`; an exception
    `failed`, `Canceled` and a cancelled `asyncio` task `canceled`. In
    `async with`, a cancel also interrupts the block. All methods return at once
    and raise no error of the network.

    `user_id` makes the task private to the user. `attempt` is 2 for the first
    retry, and so on. `lease`, in seconds: if the process dies, the task is
    `lost` after this time; heartbeats renew the lease while the process lives.
    `None` turns lease and heartbeats off. Watchers see the class of an
    exception, and its text only with `show_errors`.
    """

    #: The exception raised when the task is asked to stop.
    canceled_error: ClassVar[Type[Canceled]] = Canceled

    def __init__(
        self,
        id: str,
        *,
        title: Optional[str] = None,
        labels: Iterable[str] = (),
        user_id: Union[str, int, None] = None,
        attempt: Optional[int] = None,
        total: Optional[float] = None,
        unit: Optional[str] = None,
        lease: Optional[float] = 30.0,
        show_errors: bool = False,
    ) -> None:
        self.id = id
        self.lease = lease
        self.show_errors = show_errors
        self._first = _given(title=title and title[:_MAX_TITLE], labels=list(labels) or None, total=total, unit=unit)
        # With each event: the task must not become open if the first event is lost.
        self._always = _given(user_id=user_id, attempt=attempt)
        self._is_open = False
        self._is_over = False
        self._cancel_requested = False
        self._on_cancel: List[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._heartbeat: Optional[_Heartbeat] = None
        self._loop: Optional[object] = None
        self._tokens: List[Any] = []
        self._interruption: Optional[_Interruption] = None

    def __repr__(self) -> str:
        return f"Task({self.id!r})"

    @property
    def cancel_requested(self) -> bool:
        """True once the task was asked to stop."""
        return self._cancel_requested

    def raise_if_canceled(self) -> None:
        """Raises `Canceled` if the task was asked to stop."""
        if self._cancel_requested:
            raise self.canceled_error(f"{self.id} was asked to stop")

    def queue(self, message: Optional[str] = None) -> None:
        """Publishes `queued`: the task waits, for its start or for another attempt."""
        self._close()
        self._put({"status": "queued", **self._first, **_given(message=message)})

    def start(self) -> None:
        """Publishes `running`. `with` calls the method."""
        self._is_open = True
        self._is_over = False
        self._put({"status": "running", **self._first})

    def update(
        self,
        progress: Optional[float] = None,
        *,
        current: Optional[float] = None,
        increment: Optional[float] = None,
        total: Optional[float] = None,
        unit: Optional[str] = None,
        message: Optional[str] = None,
        data: Any = None,
    ) -> None:
        """Publishes progress: 0 to 1, or `current` of `total`.

        `increment` adds to `current`, for several workers of one task. Raises
        `Canceled` if the task was asked to stop.
        """
        self.raise_if_canceled()
        if self._is_over:
            return
        event = _given(
            progress=progress, current=current, increment=increment, total=total, unit=unit, message=message
        )
        if data is not None:
            # Copied, since the job may change the object before it is sent.
            event["data"] = _copy(data)
        self._put(event)

    def succeed(self, message: Optional[str] = None) -> None:
        """Publishes `succeeded`."""
        self._end("succeeded", message)

    def fail(self, error: Union[BaseException, str, None] = None) -> None:
        """Publishes `failed`, with a text, or as much of an exception as `show_errors` allows."""
        self._end("failed", self._describe(error) if isinstance(error, BaseException) else error)

    def cancel(self, message: Optional[str] = None) -> None:
        """Publishes `canceled`: the task has stopped before its end."""
        self._end("canceled", message)

    def publish(self, **event: Any) -> Answer:
        """Publishes one event at once and returns the server's answer, in one try.

        For a backend that must know of the event before it goes on. Raises
        `Refused` or `Unanswered`.
        """
        return make_server().publish(self.id, {**self._always, **self._first, **event})

    def _move(self, current: float, total: Optional[float], unit: Optional[str]) -> None:
        """Publishes the progress of a loop; called by the sender's thread, too."""
        self._put({"current": current, **_given(total=total, unit=unit)})

    def _end(self, status: str, message: Optional[str]) -> None:
        if self._is_over:
            return
        self._put({"status": status, **_given(message=message)})
        self._is_over = True
        self._close()

    def _close(self) -> None:
        with self._lock:
            self._is_open = False
            if self._heartbeat:
                self._heartbeat.stop()
                self._heartbeat = None

    def _describe(self, error: BaseException) -> str:
        name = type(error).__name__
        return f"{name}: {error}" if self.show_errors and str(error) else name

    def _put(self, event: Dict[str, Any], on_answer: Optional[Callable[[Answer], None]] = None) -> None:
        if self.lease is not None and event.get("status", "running") == "running":
            event["lease"] = self.lease
        if "message" in event:
            event["message"] = str(event["message"])[:_MAX_MESSAGE]
        event.update(self._always)
        expires_at = time.monotonic() + settings.retry_for
        sender().put(Event(self.id, event, expires_at, on_answer or self._answered, self._refused))

    def _answered(self, answer: Answer) -> None:
        if answer.get("cancel_requested"):
            self._request_cancel()
        with self._lock:
            if self._is_open and self.lease is not None and self._heartbeat is None:
                self._heartbeat = _Heartbeat(self, self.lease, self._always.get("attempt"))

    def _refused(self, code: str) -> None:
        if code in _ENDED_ELSEWHERE and self._is_open:
            self._is_over = True
            self._close()

    def _request_cancel(self) -> None:
        if self._cancel_requested:
            return
        self._cancel_requested = True
        for listener in list(self._on_cancel):
            listener()

    def __enter__(self: _Self) -> _Self:
        self._tokens.append(_current.set(self))
        self.start()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        try:
            _current.reset(self._tokens.pop())
        except ValueError:  # left in a different context than entered
            pass
        self._finish(error)

    def _finish(self, error: Optional[BaseException]) -> None:
        """Publishes the end of a block left by an exception or `None`."""
        if error is None or (isinstance(error, SystemExit) and not error.code):
            self.succeed()
        elif isinstance(error, (Canceled, KeyboardInterrupt, asyncio.CancelledError)):
            self.cancel()
        else:
            self.fail(error)

    async def __aenter__(self: _Self) -> _Self:
        self._interruption = _Interruption()
        self._on_cancel.append(self._interruption.cancel)
        return self.__enter__()

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.__exit__(kind, error, traceback)
        interruption, self._interruption = self._interruption, None
        if interruption is None:
            return
        self._on_cancel.remove(interruption.cancel)
        if interruption.end() and isinstance(error, asyncio.CancelledError):
            raise self.canceled_error(f"{self.id} was asked to stop") from None


class _Interruption:
    """Cancels the asyncio task that runs a block, as `asyncio.timeout` does."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._is_over = False
        self._has_canceled = False

    def cancel(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._cancel_here)
        except RuntimeError:
            pass  # the loop is closed, and so is the block

    def _cancel_here(self) -> None:
        if not self._is_over and self._task is not None:
            self._has_canceled = True
            self._task.cancel()

    def end(self) -> bool:
        """Returns True if the block was interrupted."""
        self._is_over = True
        if self._has_canceled and hasattr(self._task, "uncancel"):
            self._task.uncancel()  # type: ignore[union-attr]
        return self._has_canceled


class _Heartbeat:
    """Renews a task's lease and waits for a request to cancel, in a thread.

    Begins with the first answer to an event, so that short tasks need no thread.
    """

    def __init__(self, task: Task, lease: float, attempt: Optional[int]) -> None:
        self._task = task
        self._lease = lease
        self._attempt = attempt
        self._stopped = threading.Event()
        thread = threading.Thread(target=self._run, name="taskwire-heartbeat", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            log.warning("taskwire: %s has no heartbeats: %s", task.id, error)

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        server = make_server()
        started = time.monotonic()
        longest = min(_MAX_WAIT, self._lease / 3)
        pause = min(_FIRST_PAUSE, longest)
        while not self._stopped.wait(pause):
            began = time.monotonic()
            # No longer than the task has run: a wait goes on after the end of a
            # task, and short tasks would leave many waits behind.
            wait = min(longest, began - started)
            try:
                self._read(server.heartbeat(self._task.id, self._lease, wait))
            except (Refused, Unanswered) as error:
                # The sender's warnings tell the same.
                log.debug("taskwire: no heartbeat of %s: %s", self._task.id, error)
            except Exception:
                log.exception("taskwire: a heartbeat of %s failed", self._task.id)
            # At once after a full wait; an early answer means a cancel, a busy server or a fault.
            pause = max(0.0, wait - (time.monotonic() - began))

    def _read(self, answer: Answer) -> None:
        if self._stopped.is_set():
            return
        if self._attempt is not None and answer.get("attempt", 0) > self._attempt:
            return self.stop()  # a different worker has the task
        if answer.get("cancel_requested"):
            self._task._request_cancel()


def _given(**members: Any) -> Dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _copy(data: Any) -> Any:
    try:
        return json.loads(to_json(data))
    except (TypeError, ValueError, RecursionError) as error:
        log.warning("taskwire: data that is no JSON is left out: %s", error)
        return None
