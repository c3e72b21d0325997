"""A Celery app with tasks to watch in taskwire.

    celery -A tasks worker

CELERY_BROKER sets the broker; by default, messages are files in ./broker.
"""

import os
import time

from celery import Celery
from taskwire import track, update
from taskwire.celery import install

broker = os.environ.get("CELERY_BROKER", "filesystem://")
app = Celery("tasks", broker=broker)
if broker == "filesystem://":
    folder = os.path.abspath("broker")
    os.makedirs(folder, exist_ok=True)
    app.conf.broker_transport_options = {
        "data_folder_in": folder,
        "data_folder_out": folder,
    }

install()


@app.task
def transcode(frames, seconds_per_frame=0.1):
    """Counts frames, and stops when a watcher cancels the task."""
    for frame in track(range(frames), unit="frames"):
        time.sleep(seconds_per_frame)


@app.task(bind=True, max_retries=1)
def unsteady(self):
    """Fails on the first attempt, succeeds on the second."""
    update(0.5, message="half way")
    if self.request.retries == 0:
        raise self.retry(countdown=0)
