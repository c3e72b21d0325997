"""A Celery app whose tasks can be watched.

    celery -A tasks worker

CELERY_BROKER names the broker; without it messages are files in ./broker.
"""

import os
import time

from celery import Celery
from celery_taskwire import install, progress

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
    """Counts frames, and stops when a watcher asks it to."""
    for frame in range(frames):
        progress(current=frame, total=frames, unit="frames", message="transcoding")
        time.sleep(seconds_per_frame)
    progress(current=frames, total=frames)


@app.task(bind=True, max_retries=1)
def unsteady(self):
    """Fails at its first attempt, succeeds at its second."""
    progress(0.5)
    if self.request.retries == 0:
        raise self.retry(countdown=0)


@app.task
def broken():
    """Fails."""
    raise RuntimeError("a secret in the message")
