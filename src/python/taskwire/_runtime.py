"""The settings and the sender of this process."""

from __future__ import annotations

import atexit
import os
import sys
from typing import Optional

from ._sender import Sender
from ._server import Server


class _Settings:
    url: Optional[str] = None
    api_key: Optional[str] = None
    timeout = 10.0
    retry_for = 3600.0
    exit_timeout = 5.0


settings = _Settings()


def make_server() -> Server:
    return Server(settings.url, settings.api_key, settings.timeout)


_sender = Sender(make_server)


def sender() -> Sender:
    """Returns the sender of this process: a new sender after a fork, since threads stay behind."""
    return _sender


def configure(
    url: Optional[str] = None,
    api_key: Optional[str] = None,
    *,
    timeout: float = 10.0,
    retry_for: float = 3600.0,
    exit_timeout: float = 5.0,
) -> None:
    """Changes settings. Call once, before the first task.

    `url`, `api_key`: by default from `TASKWIRE_URL` and `TASKWIRE_API_KEYS`.
    All times are in seconds: `timeout` of a request; `retry_for`, how long an
    event is tried again while the server is away; `exit_timeout`, how long the
    end of the process waits for the last events.
    """
    settings.url = url
    settings.api_key = api_key
    settings.timeout = timeout
    settings.retry_for = retry_for
    settings.exit_timeout = exit_timeout
    _sender.renew_server()


def flush(timeout: float = 5.0) -> bool:
    """Waits until all events are published or refused, at most `timeout` seconds.

    Returns False if events still wait. For processes that end without running
    `atexit`, such as `os._exit`.
    """
    return _sender.flush(timeout)


def _flush_at_exit() -> None:
    _sender.flush(settings.exit_timeout)


def _start_anew() -> None:
    """Starts without the parent's events, which the parent sends itself."""
    global _sender
    _sender = Sender(make_server)
    if "multiprocessing.util" in sys.modules:
        # Processes of `multiprocessing` end without `atexit`. Their finalizers
        # are cleared after the fork, before their `_after_fork` functions run.
        import multiprocessing.util

        multiprocessing.util.register_after_fork(_sender, _finalize_late)


def _finalize_late(_: object) -> None:
    import multiprocessing.util

    multiprocessing.util.Finalize(None, _flush_at_exit, exitpriority=0)


atexit.register(_flush_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)
