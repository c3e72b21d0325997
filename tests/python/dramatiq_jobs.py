"""Runs the jobs of `queues_test.ts` by a stand-in for Dramatiq, which Debian does not package.

The stand-in follows Dramatiq's reference of middleware: hooks before a message
in the order of the middleware, hooks after in the reverse order; `Retries`
enqueues the message again or fails it; an actor that raises `SkipMessage` is
skipped.
"""

import sys
import time
import types


class SkipMessage(Exception):
    pass


class Middleware:
    def before_process_message(self, broker, message):
        pass

    def after_process_message(self, broker, message, *, result=None, exception=None):
        pass

    def after_skip_message(self, broker, message):
        pass


class Retries(Middleware):
    def after_process_message(self, broker, message, *, result=None, exception=None):
        if exception is None:
            return
        message.options["retries"] = message.options.get("retries", 0) + 1
        if message.options["retries"] > message.options.get("max_retries", 20):
            message.failed = True
        else:
            broker.messages.append(message)


class Message:
    def __init__(self, message_id, actor, **options):
        self.message_id = message_id
        self.actor = actor
        self.options = options
        self.failed = False


class Broker:
    def __init__(self):
        self.middleware = [Retries()]
        self.messages = []

    def add_middleware(self, middleware, *, before=None):
        kinds = [type(each) for each in self.middleware]
        self.middleware.insert(kinds.index(before), middleware)

    def work(self):
        while self.messages:
            message = self.messages.pop(0)
            try:
                for middleware in self.middleware:
                    middleware.before_process_message(self, message)
                result = message.actor()
                self._after("process_message", message, result=result)
            except SkipMessage:
                self._after("skip_message", message)
            except BaseException as error:
                self._after("process_message", message, exception=error)

    def _after(self, signal, message, **kwargs):
        for middleware in reversed(self.middleware):
            getattr(middleware, f"after_{signal}")(self, message, **kwargs)


dramatiq = types.ModuleType("dramatiq")
dramatiq.Middleware = Middleware
dramatiq.middleware = types.ModuleType("dramatiq.middleware")
dramatiq.middleware.Retries = Retries
dramatiq.middleware.SkipMessage = SkipMessage
sys.modules.update({"dramatiq": dramatiq, "dramatiq.middleware": dramatiq.middleware})

from taskwire import track, update  # noqa: E402
from taskwire.dramatiq import facts, install  # noqa: E402

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


broker = Broker()
install(broker)
private = facts(user_id=42, title="Steady", labels=["x"])
broker.messages = [
    Message("steady", steady, taskwire=private),
    Message("unsteady", unsteady, taskwire=facts(user_id=42)),
    Message("broken", broken, max_retries=0),
    Message("unwanted", endless),
    Message("stopped", endless),
]
broker.work()
