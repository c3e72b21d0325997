"""Loops with progress."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterable as _AsyncIterable
from typing import Any, AsyncIterable, AsyncIterator, Iterable, Iterator, Optional, TypeVar, Union, overload

from ._runtime import sender
from ._task import Task, current_task

_Item = TypeVar("_Item")


@overload
def track(
    iterable: Iterable[_Item],
    task: Union[Task, str, None] = None,
    *,
    total: Optional[float] = None,
    unit: Optional[str] = None,
) -> Iterator[_Item]: ...


@overload
def track(
    iterable: AsyncIterable[_Item],
    task: Union[Task, str, None] = None,
    *,
    total: Optional[float] = None,
    unit: Optional[str] = None,
) -> AsyncIterator[_Item]: ...


def track(
    iterable: Any,
    task: Union[Task, str, None] = None,
    *,
    total: Optional[float] = None,
    unit: Optional[str] = None,
) -> Any:
    """Iterates, and publishes the number of finished items.

        for row in track(rows, task="import_7"):
            ...

    `task`: by default the task of the block or job around the loop; without a
    task, nothing is published. An id makes a task for the loop: `succeeded` at
    the end, and `failed` if the loop is left before, by `break` or an exception.
    `total` is the number of items, by default `len(iterable)`.

    Items are counted here and published by the background thread, ten times a
    second at most. Raises `Canceled` between two items if the task was asked to
    stop. Of nested loops of a task, the outermost is published. An asynchronous
    iterable is iterated by `async for`.
    """
    if total is None:
        try:
            total = len(iterable)
        except TypeError:
            pass
    if isinstance(iterable, _AsyncIterable):
        return _iterate_async(iterable, task, total, unit)
    return _iterate(iterable, task, total, unit)


def _iterate(
    iterable: Iterable[_Item], task: Union[Task, str, None], total: Optional[float], unit: Optional[str]
) -> Iterator[_Item]:
    with _Loop(task, total, unit) as loop:
        count = 0
        for item in iterable:
            yield item
            count += 1
            loop.count = count
            if loop.is_canceled:
                loop.raise_canceled()


async def _iterate_async(
    iterable: AsyncIterable[_Item], task: Union[Task, str, None], total: Optional[float], unit: Optional[str]
) -> AsyncIterator[_Item]:
    with _Loop(task, total, unit) as loop:
        count = 0
        async for item in iterable:
            yield item
            count += 1
            loop.count = count
            if loop.is_canceled:
                loop.raise_canceled()


class _Loop:
    """The progress of a loop, read by the sender's thread."""

    __slots__ = ("count", "is_canceled", "_task", "_own", "_total", "_unit", "_published", "_is_outermost", "_lock")

    def __init__(self, task: Union[Task, str, None], total: Optional[float], unit: Optional[str]) -> None:
        self.count = 0
        self.is_canceled = False
        self._own = Task(task, total=total, unit=unit) if isinstance(task, str) else None
        self._task = self._own or (task if isinstance(task, Task) else current_task())
        self._total = total
        self._unit = unit
        self._published = -1
        self._is_outermost = False
        self._lock = threading.Lock()

    def __enter__(self) -> "_Loop":
        task = self._task
        if task is None:
            return self
        if self._own:
            self._own.start()
        task._on_cancel.append(self._cancel)
        self.is_canceled = task.cancel_requested
        if task._loop is None:
            task._loop = self
            self._is_outermost = True
            self._sample()
            sender().add_sampler(self._sample)
        return self

    def __exit__(self, kind: Any, error: Optional[BaseException], traceback: Any) -> None:
        task = self._task
        if task is None:
            return
        task._on_cancel.remove(self._cancel)
        if self._is_outermost:
            sender().remove_sampler(self._sample)
            self._sample()
            task._loop = None
        if self._own is None:
            return
        if isinstance(error, GeneratorExit):
            self._own.fail("the loop was left before its end")
        else:
            self._own._finish(error)

    def _cancel(self) -> None:
        self.is_canceled = True

    def raise_canceled(self) -> None:
        assert self._task is not None
        self._task.raise_if_canceled()

    def _sample(self) -> None:
        # Locked, so that the thread publishes no older count after the last.
        with self._lock:
            count = self.count
            task = self._task
            if task is None or count == self._published or task._is_over:
                return
            self._published = count
            task._move(count, self._total, self._unit)
