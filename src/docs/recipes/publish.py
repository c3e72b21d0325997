"""Publishes a task's progress. Needs only Python's standard library.

    TASKWIRE_API_KEYS=... python3 publish.py upload_1

Or, in a worker of your own:

    from publish import Task

    task = Task("upload_1", lease=30)
    if task.report(status="running", current=42, total=100, unit="rows").get("cancel_requested"):
        ...

`report` never fails the job: errors are logged. `publish` raises errors.
"""

import http.client
import json
import logging
import os
import random
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

log = logging.getLogger(__name__)


class Refused(Exception):
    """The server refused the event: sending the event again will not help."""

    def __init__(self, status, problem):
        super().__init__(f"HTTP {status}: {problem.get('code')}: {problem.get('detail')}")
        self.status = status
        self.code = problem.get("code")


class Unanswered(OSError):
    """The answer is not from a taskwire server, or was cut off."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Never sends the API key to a different address."""

    def redirect_request(self, *_):
        return None


_opener = urllib.request.build_opener(_NoRedirect)


class Task:
    """A task, identified by its connection_id.

    `lease`, in seconds: without a further event in this time, the task's status
    becomes `lost`. `tries`: the number of attempts to send an event before the
    error is raised. `timeout`, in seconds, applies to each attempt.
    """

    def __init__(self, connection_id, url=None, api_key=None, lease=None, tries=6, timeout=10):
        url = url or os.environ.get("TASKWIRE_URL", "http://127.0.0.1:8000")
        keys = api_key or os.environ.get("TASKWIRE_API_KEYS", "")
        self._connection_id = connection_id
        path = urllib.parse.quote(connection_id, safe="")
        self._url = f"{url.rstrip('/')}/api/tasks/{path}/events"
        self._api_key = keys.split(",")[0].strip()
        self._lease = {} if lease is None else {"lease": lease}
        self._tries = tries
        self._timeout = timeout

    def publish(self, **event):
        """Publishes one event; returns the server's answer, a dict.

        Every attempt has the same `event_id`: if an answer gets lost, the event
        is still delivered only once. Raises `Refused` if the server refuses the
        event, and the last error, an `OSError`, if all attempts failed.
        """
        event = {"event_id": str(uuid.uuid4()), **self._lease, **event}
        body = json.dumps(event).encode()
        for attempt in range(1, self._tries + 1):
            try:
                return self._post(body)
            except urllib.error.HTTPError as error:
                if error.code < 500 and error.code != 429:
                    raise Refused(error.code, _problem(error)) from None
                if attempt == self._tries:
                    raise
            except OSError:  # not connected, connection lost, timeout, or not taskwire
                if attempt == self._tries:
                    raise
            # Random, so that workers do not all reconnect at once.
            time.sleep(random.uniform(0, min(10, 0.25 * 2**attempt)))

    def report(self, **event):
        """Publishes one event if possible, and never fails the job.

        Returns the server's answer, or an empty dict if the event was not
        published; the reason is then logged.
        """
        try:
            return self.publish(**event)
        except Exception as error:  # never fail the job
            log.warning("taskwire: an event of %s is not published: %s", self._connection_id, error)
            return {}

    def _post(self, body):
        headers = {
            "Authorization": f"Bearer {self._api_key}",
            "Content-Type": "application/json",
        }
        request = urllib.request.Request(self._url, body, headers)
        try:
            with _opener.open(request, timeout=self._timeout) as response:
                answer = json.loads(response.read())
        except (http.client.HTTPException, ValueError) as error:
            raise Unanswered(f"no answer of a taskwire server ({error})") from error
        if not isinstance(answer, dict) or "offset" not in answer:
            raise Unanswered("no answer of a taskwire server: check TASKWIRE_URL")
        return answer


def _problem(error):
    try:
        problem = json.loads(error.read())
        if isinstance(problem, dict):
            return problem
    except (OSError, http.client.HTTPException, ValueError):
        pass
    return {"detail": "is that a taskwire server?"}


def main(connection_id, rows=100):
    """Plays a worker that counts rows and stops when asked to cancel."""
    task = Task(connection_id, lease=30)
    for row in range(0, rows, 10):
        answer = task.publish(
            status="running", current=row, total=rows, unit="rows", message="importing"
        )
        if answer["cancel_requested"]:
            task.publish(status="canceled", message=f"stopped at row {row}")
            return 1
        time.sleep(float(os.environ.get("STEP_SECONDS", "0.5")))
    task.publish(status="succeeded", current=rows, message="imported")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "upload_1"))
