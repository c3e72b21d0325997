"""A Celery app with the jobs of `queues_test.ts`."""

import os
import signal
import time

from celery import Celery, chain, chord, group  # noqa: F401 -- for the tests
from celery.exceptions import Ignore, Reject
from taskwire import flush, track, update
from taskwire.celery import headers, install, track_group  # noqa: F401 -- for the tests

app = Celery("celery_jobs", broker=os.environ.get("CELERY_BROKER", "filesystem://"), backend="file://" + os.path.abspath("results"))
folder = os.path.abspath("broker")
os.makedirs(folder, exist_ok=True)
os.makedirs("results", exist_ok=True)
if "CELERY_BROKER" not in os.environ:
    app.conf.broker_transport_options = {"data_folder_in": folder, "data_folder_out": folder}
app.conf.worker_prefetch_multiplier = 1

install()


@app.task
def steady():
    for row in track(range(3), unit="rows"):
        pass


@app.task(bind=True, max_retries=1)
def unsteady(self):
    update(0.5)
    if self.request.retries == 0:
        raise self.retry(countdown=0, exc=RuntimeError("a secret"))


@app.task
def broken():
    raise RuntimeError("a secret")


@app.task
def endless():
    while True:
        update(message="working")
        time.sleep(0.01)


@app.task
def killed():
    flush()
    os.kill(os.getpid(), signal.SIGKILL)


@app.task
def ignored():
    raise Ignore()


@app.task(acks_late=True)
def dead_letter():
    raise Reject("no reason", requeue=False)


@app.task(bind=True)
def replaced(self):
    raise self.replace(steady.s())


@app.task
def part(number):
    return number
