"""Celery tasks that end in other ways than by returning, for the test of `celery_taskwire.py`."""

import os
import signal

from celery.exceptions import Ignore, Reject
from celery_taskwire import progress
from tasks import app, transcode


@app.task
def killed():
    progress(0.5)
    os.kill(os.getpid(), signal.SIGKILL)


@app.task
def ignored():
    raise Ignore()


@app.task(acks_late=True)
def dead_letter():
    raise Reject("no reason", requeue=False)


@app.task(bind=True)
def replaced(self):
    raise self.replace(transcode.s(2, 0))


@app.task
def counted():
    for current in range(2):
        progress(current=current, total=2)
    return "the job is done"
