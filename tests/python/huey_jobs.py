"""Runs the jobs of `queues_test.ts` by a stand-in for Huey, which Debian does not package.

The stand-in follows Huey's reference of signals: `executing` before a task,
then `complete`, or `error` or `canceled`, and `retrying` if tries remain.
"""

import sys
import time
import types

names = "CANCELED COMPLETE ENQUEUED ERROR EXECUTING EXPIRED INTERRUPTED RETRYING REVOKED SCHEDULED"


class CancelExecution(Exception):
    def __init__(self, retry=None):
        self.retry = retry


class Task:
    def __init__(self, id, function, retries=0):
        self.id = id
        self.function = function
        self.retries = retries


class Huey:
    def __init__(self):
        self.receivers = []
        self.data = {}

    def signal(self, *signals):
        return self.receivers.append

    def put(self, key, value):
        self.data[key] = value

    def get(self, key, peek=False):
        return self.data.get(key) if peek else self.data.pop(key, None)

    def emit(self, signal, *args):
        for receiver in self.receivers:
            receiver(signal, *args)

    def execute(self, task):
        self.emit("executing", task)
        try:
            task.function()
        except CancelExecution as cancel:
            if not cancel.retry:
                task.retries = 0
            self.emit("canceled", task)
        except Exception as error:
            self.emit("error", task, error)
        else:
            return self.emit("complete", task)
        if task.retries:
            self.emit("retrying", task)
            task.retries -= 1
            self.execute(task)


module = types.ModuleType("huey")
module.CancelExecution = CancelExecution
module.signals = types.ModuleType("huey.signals")
for name in names.split():
    setattr(module.signals, f"SIGNAL_{name}", name.lower())
sys.modules.update({"huey": module, "huey.signals": module.signals})

from taskwire import Task as Shown  # noqa: E402
from taskwire import track, update  # noqa: E402
from taskwire.huey import install  # noqa: E402

tries = []


def steady():
    for row in track(range(3), unit="rows"):
        pass


def unsteady():
    tries.append(1)
    if len(tries) == 1:
        raise RuntimeError("a secret")


def broken():
    raise RuntimeError("a secret")


def endless():
    while True:
        update(message="working")
        time.sleep(0.01)


huey = Huey()
install(huey)
Shown("steady", user_id=42, title="Steady", labels=["x"]).publish(status="queued")
Shown("unsteady", user_id=42).publish(status="queued")
huey.execute(Task("steady", steady))
huey.execute(Task("unsteady", unsteady, retries=1))
huey.execute(Task("broken", broken))
huey.execute(Task("unwanted", endless, retries=1))
huey.execute(Task("stopped", endless))
assert huey.data == {}
