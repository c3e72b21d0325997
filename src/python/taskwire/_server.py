"""Requests to the server."""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Dict, Optional

_MAX_ANSWER_BYTES = 8 * 1024 * 1024

_TRY_LATER = (408, 425, 429)


class Refused(Exception):
    """The server refused an event: sending the event again will not help."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"HTTP {status}: {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail


class Unanswered(OSError):
    """The server can't be reached or is not ready, or the answer is not from a taskwire server."""


def is_temporary(status: int) -> bool:
    """True for the status of a request to send again."""
    return status >= 500 or status in _TRY_LATER


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Never sends the API key to a different address."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Server:
    """A taskwire server, and the key to publish with.

    `timeout`, in seconds, applies to each step of a request.
    """

    def __init__(self, url: Optional[str], api_key: Optional[str], timeout: float) -> None:
        url = url or os.environ.get("TASKWIRE_URL") or "http://127.0.0.1:8000"
        keys = api_key or os.environ.get("TASKWIRE_API_KEYS") or ""
        self._url = url.rstrip("/")
        self._api_key = keys.split(",")[0].strip()
        self._timeout = timeout
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if _is_loopback(self._url):
            # A proxy in the environment is no way to a server of this machine.
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)

    def post(self, path: str, body: bytes, content_type: str, wait: float = 0) -> bytes:
        """Returns the body of the answer.

        `wait`: the seconds until the server answers. Raises `Refused` if the
        server refuses the request, and `Unanswered` if another try may help.
        """
        headers = {"Content-Type": content_type}
        if self._api_key:
            headers["Authorization"] = f"Bearer {self._api_key}"
        try:
            if not self._url.startswith(("http://", "https://")):
                raise ValueError("no address of a web server")
            request = urllib.request.Request(self._url + path, body, headers)
            with self._opener.open(request, timeout=self._timeout + wait) as response:
                answer: bytes = response.read(_MAX_ANSWER_BYTES)
                return answer
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error) from None
        except (ValueError, http.client.InvalidURL):
            # The error's own text may contain the key, or a password of the URL.
            raise Refused(
                0, "bad_settings", "no request can be made: check TASKWIRE_URL and TASKWIRE_API_KEYS"
            ) from None
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered(f"no answer of a taskwire server ({error})") from None

    def publish(self, task_id: str, event: Dict[str, Any]) -> Dict[str, Any]:
        """Publishes one event. Raises like `post`."""
        body = to_json(event)
        return _parse(self.post(_path(task_id, "events"), body, "application/json"), "offset")

    def heartbeat(self, task_id: str, lease: float, wait: float) -> Dict[str, Any]:
        """Renews a lease, and waits for a request to cancel. Raises like `post`."""
        body = to_json({"lease": lease, "wait": wait})
        path = _path(task_id, "heartbeat")
        return _parse(self.post(path, body, "application/json", wait), "status")


def to_json(value: Any) -> bytes:
    """Encodes as JSON; numbers of other libraries become floats, other objects their text."""
    return json.dumps(value, default=_encode_other, separators=(",", ":")).encode()


def _encode_other(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)


def _path(task_id: str, action: str) -> str:
    return f"/api/tasks/{urllib.parse.quote(task_id, safe='')}/{action}"


def _is_loopback(url: str) -> bool:
    try:
        host = urllib.parse.urlsplit(url).hostname or ""
    except ValueError:
        return False
    return host in ("localhost", "::1") or host.startswith("127.")


def _parse(answer: bytes, member: str) -> Dict[str, Any]:
    """Raises `Unanswered` unless the answer is an object with the member."""
    try:
        parsed = json.loads(answer)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict) or member not in parsed:
        raise Unanswered("no answer of a taskwire server: check TASKWIRE_URL")
    return parsed


def _refusal(error: urllib.error.HTTPError) -> Exception:
    try:
        problem = json.loads(error.read(65_536))
    except (OSError, http.client.HTTPException, ValueError):
        problem = None
    if not isinstance(problem, dict):
        problem = {}
    code = str(problem.get("code", "unknown"))
    detail = str(problem.get("detail", "is that a taskwire server?"))
    if is_temporary(error.code):
        return Unanswered(f"HTTP {error.code}: {code}: {detail}")
    return Refused(error.code, code, detail)
