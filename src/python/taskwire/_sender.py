"""The background thread that sends events."""

from __future__ import annotations

import json
import logging
import os
import random
import threading
import time
from typing import Any, Callable, Dict, List, Optional, Tuple

from ._event import Event
from ._server import Refused, Server, Unanswered, is_temporary, to_json

log = logging.getLogger("taskwire")

#: Seconds between requests while events only move progress.
_INTERVAL = 0.1

#: The most events that wait, in all tasks together.
_MAX_EVENTS = 10_000

#: The most events, and bytes, of a request.
_MAX_BATCH = 500
_MAX_BATCH_BYTES = 256 * 1024

#: The longest pause between tries, in seconds.
_MAX_PAUSE = 10.0

#: Seconds before the log repeats a warning.
_QUIET = 60.0


class Sender:
    """Sends events in batches, in the order of each task.

    While events wait, progress of a task is merged: the newest values stand for
    the older ones, and increments are added up. Sent events keep their
    `event_id` over all tries, so that each is delivered once.
    """

    def __init__(self, make_server: Callable[[], Server]) -> None:
        self._make_server = make_server
        self._server: Optional[Server] = None
        self._changed = threading.Condition()
        # Events in flight stay here until answered.
        self._pending: Dict[str, List[Event]] = {}
        self._count = 0
        self._samplers: List[Callable[[], None]] = []
        self._is_urgent = False
        self._sent_at = 0.0
        self._retry_at = 0.0
        self._failures = 0
        self._warned_at: Dict[str, float] = {}
        self._event_ids = f"py-{os.urandom(12).hex()}"
        self._next_event = 0
        self._thread: Optional[threading.Thread] = None

    def put(self, event: Event) -> None:
        """Adds an event. Returns at once; if too many events wait, progress is dropped first."""
        with self._changed:
            events = self._pending.get(event.task_id)
            if events and events[-1].merge(event):
                return
            if self._count >= _MAX_EVENTS and not self._make_room(event):
                return self._warn("full", "too many events wait: an event of %s is dropped", event.task_id)
            self._pending.setdefault(event.task_id, []).append(event)
            self._count += 1
            if "status" in event.members:
                self._is_urgent = True
            self._start()
            self._changed.notify_all()

    def add_sampler(self, sample: Callable[[], None]) -> None:
        """Calls a function regularly, until removed. The function may call `put`."""
        with self._changed:
            self._samplers.append(sample)
            self._start()
            self._changed.notify_all()

    def remove_sampler(self, sample: Callable[[], None]) -> None:
        with self._changed:
            if sample in self._samplers:
                self._samplers.remove(sample)

    def flush(self, timeout: float) -> bool:
        """Waits until all events are answered, at most `timeout` seconds."""
        end = time.monotonic() + timeout
        with self._changed:
            self._is_urgent = True
            self._retry_at = 0.0
            self._failures = min(self._failures, 1)
            self._changed.notify_all()
            while self._pending and self._thread is not None:
                remaining = end - time.monotonic()
                if remaining <= 0:
                    return False
                self._changed.wait(remaining)
            return not self._pending

    def renew_server(self) -> None:
        """Makes the server anew before the next request, by changed settings."""
        self._server = None

    @property
    def waiting(self) -> int:
        """The number of events not yet answered."""
        return self._count

    def _make_room(self, event: Event) -> bool:
        if event.is_progress and "status" not in event.members:
            return False
        for task_id, events in self._pending.items():
            for index, other in enumerate(events):
                if other.is_progress and "status" not in other.members and not other.is_fixed:
                    self._remove(task_id, index)
                    return True
        return False

    def _remove(self, task_id: str, index: int = 0) -> None:
        events = self._pending.pop(task_id)
        del events[index]
        self._count -= 1
        if events:
            # At the end, so that other tasks have their turn.
            self._pending[task_id] = events

    def _start(self) -> None:
        if self._thread is not None:
            return
        thread = threading.Thread(target=self._run, name="taskwire-sender", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # no more threads, or the interpreter is ending
            return self._warn("thread", "events wait, without a thread to send them: %s", error)
        self._thread = thread

    def _run(self) -> None:
        while True:
            try:
                self._wait()
                for sample in list(self._samplers):
                    sample()
                batch = self._take()
                if batch:
                    self._send(batch)
            except Exception:  # keep the thread: without the thread, all later events would be lost
                log.exception("taskwire: sending failed")
                self._pause()

    def _wait(self) -> None:
        with self._changed:
            while True:
                due = self._due()
                if due is None:
                    self._changed.wait()
                    continue
                remaining = due - time.monotonic()
                if remaining <= 0:
                    return
                self._changed.wait(remaining)

    def _due(self) -> Optional[float]:
        if not self._pending and not self._samplers:
            return None
        if self._is_urgent and self._pending:
            return self._retry_at
        return max(self._retry_at, self._sent_at + _INTERVAL)

    def _take(self) -> List[Event]:
        """Returns the first event of each task: no event may overtake a failed event."""
        self._sent_at = time.monotonic()
        with self._changed:
            batch = []
            for events in self._pending.values():
                batch.append(events[0])
                if len(batch) == _MAX_BATCH:
                    break
            for event in batch:
                if not event.is_fixed:
                    event.is_fixed = True
                    self._next_event += 1
                    event.members["event_id"] = f"{self._event_ids}-{self._next_event}"
            return batch

    def _send(self, batch: List[Event]) -> None:
        lines: List[bytes] = []
        size = 0
        for event in batch:
            try:
                line = to_json({**event.members, "connection_id": event.task_id})
            except (TypeError, ValueError, RecursionError) as error:
                line = b"{}"  # refused by the server, and so reported and removed
                self._warn(event.task_id, "an event of %s is no JSON: %s", event.task_id, error)
            size += len(line) + 1
            if lines and size > _MAX_BATCH_BYTES:
                break
            lines.append(line)
        batch = batch[: len(lines)]
        try:
            server = self._server = self._server or self._make_server()
            answer = server.post("/api/events", b"\n".join(lines) + b"\n", "application/x-ndjson")
            results = _parse_results(answer)
        except Refused as refused:
            results = [{"status": refused.status, "code": refused.code, "detail": refused.detail}] * len(batch)
        except Unanswered as error:
            return self._fail(batch, str(error))
        self._settle(batch, results)

    def _settle(self, batch: List[Event], results: List[Dict[str, Any]]) -> None:
        unsent = batch[len(results) :]
        reason = "the answer was cut off"
        done: List[Tuple[Event, Dict[str, Any]]] = []
        for event, result in zip(batch, results):
            status = result.get("status")
            if "offset" not in result and isinstance(status, int) and is_temporary(status):
                unsent.append(event)
                reason = f"HTTP {status}: {result.get('code')}"
            else:
                done.append((event, result))
        for event, result in done:
            _tell(event, result)
            if "offset" not in result:
                self._warn_refusal(event, result)
        if not unsent and self._failures:
            log.info("taskwire: events are published again")
            self._failures = 0
        with self._changed:
            for event, _ in done:
                self._remove(event.task_id)
            self._is_urgent = any("status" in events[0].members for events in self._pending.values())
            self._changed.notify_all()
        if unsent:
            self._fail(unsent, reason)

    def _fail(self, events: List[Event], reason: str) -> None:
        if self._failures == 0:
            log.warning("taskwire: events wait and are sent again later: %s", reason)
        now = time.monotonic()
        with self._changed:
            for event in events:
                if event.expires_at <= now:
                    self._remove(event.task_id)
                    self._warn("expired", "an event of %s is dropped, unsent for too long: %s", event.task_id, reason)
            self._changed.notify_all()
        self._pause()

    def _pause(self) -> None:
        self._failures += 1
        pause = min(_MAX_PAUSE, 0.25 * 2 ** min(self._failures, 10))
        # Random, so that workers do not all return at once.
        self._retry_at = time.monotonic() + random.uniform(pause / 2, pause)

    def _warn_refusal(self, event: Event, result: Dict[str, Any]) -> None:
        code = result.get("code")
        if code == "attempt_outdated":
            # The next attempt has begun before the end of this attempt was sent.
            return log.debug("taskwire: an event of %s came after the next attempt", event.task_id)
        self._warn(
            f"{code} {event.task_id}",
            "an event of %s was refused: HTTP %s: %s: %s",
            event.task_id,
            result.get("status"),
            code,
            result.get("detail"),
        )

    def _warn(self, topic: str, message: str, *args: Any) -> None:
        """Logs a warning, but not the same again and again."""
        now = time.monotonic()
        if now < self._warned_at.get(topic, 0.0):
            return
        if len(self._warned_at) >= 1_000:
            self._warned_at.clear()
        self._warned_at[topic] = now + _QUIET
        log.warning("taskwire: " + message, *args)


def _tell(event: Event, result: Dict[str, Any]) -> None:
    try:
        if "offset" in result:
            if event.on_answer:
                event.on_answer(result)
        elif event.on_refusal:
            event.on_refusal(str(result.get("code")))
    except Exception:  # an error of a listener must not repeat the event
        log.exception("taskwire: an answer could not be processed")


def _parse_results(answer: bytes) -> List[Dict[str, Any]]:
    """Raises `Unanswered` for an answer that is not from a taskwire server."""
    results = []
    for line in answer.splitlines():
        try:
            result = json.loads(line)
        except ValueError:
            break  # cut off
        if not isinstance(result, dict) or not ("offset" in result or "code" in result):
            break
        results.append(result)
    if not results:
        raise Unanswered("no answer of a taskwire server: check TASKWIRE_URL")
    return results
