"""Shows a loop in taskwire. Needs the Python library that the server serves.

    TASKWIRE_API_KEYS=... python3 publish.py upload_1
"""

import os
import sys
import time

from taskwire import Canceled, Task, track


def main(connection_id, rows=100):
    """Plays a worker that counts rows and stops when asked to cancel."""
    try:
        with Task(connection_id, title="Import") as task:
            task.update(message="importing")
            for _ in track(range(rows), unit="rows"):
                time.sleep(float(os.environ.get("STEP_SECONDS", "0.05")))
    except Canceled:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "upload_1"))
