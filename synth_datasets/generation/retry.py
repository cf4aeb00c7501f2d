"""When to ask again, how long to wait, and when an endpoint counts as dead."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

__all__ = ["Health", "RetryPolicy", "retry_after_s"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How much trouble is put up with; all times in seconds."""

    tries: int = 6
    """Of one request, before it is asked whether the request or the endpoint is at fault."""
    first_tries: int = 4
    """Of connecting to an endpoint that was never reached."""
    base_s: float = 0.5
    cap_s: float = 30.0
    patience_s: float = 60.0
    """How long nothing but failures means that the endpoint is busy and not dead."""
    longest_pause_s: float = 3600.0
    """The longest wait that an endpoint may ask for."""
    most_pauses: int = 30
    """How often in a row it may ask without answering anybody: about a quarter of an hour."""

    def backoff_s(self, failures: int, draw: random.Random) -> float:
        """Return the wait after so many failures: exponential with full jitter (Brooker 2015)."""
        return draw.uniform(0, min(self.cap_s, self.base_s * 2 ** min(failures, 30)))


class Health:
    """What the last answers say about the endpoint; times are of one monotonic clock."""

    def __init__(self, policy: RetryPolicy) -> None:
        self.reached = False
        """Whether the endpoint has ever replied, if only with an error."""
        self.answers = 0
        self._policy = policy
        self._failures = 0
        self._trouble_since: float | None = None

    def answered(self) -> None:
        """Note an answer: whatever failed before, the endpoint is alive."""
        self.answers += 1
        self.alive()

    def alive(self) -> None:
        """Note a sign of life that is no answer."""
        self.reached = True
        self._failures = 0
        self._trouble_since = None

    def failed(self, since: float) -> None:
        """Note a failure; `since` is when its trouble began: when it was sent for a timeout, now for the rest."""
        self._failures += 1
        self._trouble_since = since if self._trouble_since is None else min(since, self._trouble_since)

    def dead(self, now: float) -> bool:
        """Whether there were enough failures in a row, over long enough a time, to give the endpoint up."""
        if self._trouble_since is None or self._failures < self._policy.tries:
            return False
        return now - self._trouble_since >= self._policy.patience_s


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """Return how long the response asks to wait (RFC 9110 §10.2.3, and `retry-after-ms`); None if it does not.

    `now` is the wall clock in seconds since the epoch. Malformed values count as absent, past dates as 0.
    """
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    if value is None or (seconds := _number(value)) is not None:
        return None if value is None else seconds
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
