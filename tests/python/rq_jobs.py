"""The jobs of RQ in `queues_test.ts`."""

import os
import signal
import time

from redis import Redis
from rq import Queue, Retry
from taskwire import flush, track, update
from taskwire.rq import meta  # noqa: F401 -- for the tests


def queue():
    return Queue(connection=Redis(unix_socket_path=os.environ["REDIS_SOCKET"]))


def steady():
    for row in track(range(3), unit="rows"):
        pass


def unsteady():
    update(0.5)
    if not os.path.exists("tried"):
        open("tried", "w").close()
        raise RuntimeError("a secret")


def broken():
    raise RuntimeError("a secret")


def endless():
    while True:
        update(message="working")
        time.sleep(0.01)


def killed():
    flush()
    os.kill(os.getpid(), signal.SIGKILL)


once = Retry(max=1)
