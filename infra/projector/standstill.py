"""How long followers have stood before the same event: seen, not computed from recorded times."""

import time
from collections.abc import Callable

from infra.projector.checkpoints import Standing


class Standstill:
    """Remembers where followers were seen.

    A recorded time tells for how long an event has waited only while clocks go on: after one went ahead and
    back, new events are recorded at the time that it had reached, which is in the future.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: dict[str, tuple[int, float]] = {}

    def seconds(self, standing: Standing) -> float:
        """For how long a follower was seen where it is, while there was more for it to read."""
        if standing.position == standing.head:
            self._since.pop(standing.follower, None)
            return 0.0
        now = self._clock()
        position, since = self._since.get(standing.follower, (None, now))
        since = since if position == standing.position else now
        self._since[standing.follower] = standing.position, since
        return now - since
