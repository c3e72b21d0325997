"""Events that wait to be sent."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional

Answer = Dict[str, Any]


class Event:
    """An event of a task.

    `on_answer` receives the server's answer, and `on_refusal` the code of a
    refusal; the sender's thread calls both.
    """

    __slots__ = ("task_id", "members", "expires_at", "is_fixed", "on_answer", "on_refusal")

    def __init__(
        self,
        task_id: str,
        members: Dict[str, Any],
        expires_at: float,
        on_answer: Optional[Callable[[Answer], None]] = None,
        on_refusal: Optional[Callable[[str], None]] = None,
    ) -> None:
        self.task_id = task_id
        self.members = members
        self.expires_at = expires_at
        #: True once sent: a repetition must equal the first try. Also true for
        #: an event with an id from outside.
        self.is_fixed = "event_id" in members
        self.on_answer = on_answer
        self.on_refusal = on_refusal

    @property
    def is_progress(self) -> bool:
        """True if a newer event may stand for the event."""
        return bool(self.members.get("status", "running") == "running")

    def merge(self, newer: "Event") -> bool:
        """Takes over the members of a newer event of the task, unless both must be seen."""
        both_move = not self.is_fixed and not newer.is_fixed and self.is_progress
        # A start after progress is the start of another attempt.
        if not both_move or "status" in newer.members or not newer.is_progress:
            return False
        if self.members.get("attempt") != newer.members.get("attempt"):
            return False
        members = self.members
        increment = newer.members.get("increment")
        if increment is None:
            if "current" in newer.members:
                members.pop("increment", None)
            members.update(newer.members)
        else:
            name = "current" if "current" in members else "increment"
            total = members.get(name, 0) + increment
            members.update(newer.members)
            members.pop("increment")
            if name == "current" or total != 0:
                members[name] = total
        self.expires_at = newer.expires_at
        self.on_answer = newer.on_answer
        self.on_refusal = newer.on_refusal
        return True
