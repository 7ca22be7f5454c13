"""A case gone through again without appending: what could not be done at its place stays rejected."""

from collections.abc import Sequence
from datetime import UTC, datetime

from domain.complaint import Complaint
from domain.messages import Refused
from infra.importing.binding import BoundLog
from infra.importing.planning import Fact, dated, fact_of, plans, rehearsed
from infra.importing.reading import Rejected
from infra.importing.sorting import PAGE, Case, Placed


class Rehearsal:
    """The rows of a case, each on the complaint that the known ones before it made; page after page."""

    def __init__(self, bound: BoundLog, case: Case) -> None:
        self._bound = bound
        self._case = case
        self._state: Complaint | None = None
        self._taken: set[str] = set()

    def refusals(self, rows: Sequence[tuple[Placed, str]], known: set[str]) -> dict[str, Rejected]:
        """Why those rows of the next page that come before a known one were not taken at their place.

        None, where a known row could not be either: such a file does not tell how the case went.
        """
        last = max((number for number, (_, identity) in enumerate(rows) if identity in known), default=-1)
        before = rows[: last + 1]
        if self._case.rows <= PAGE and all(identity in known for _, identity in before):
            return {}
        refused = {}
        for placed, identity in before:
            if identity in self._taken:
                continue
            try:
                led_to = self._led_to(placed)
            except Rejected as rejected:
                refused[identity] = rejected
            else:
                if identity in known:
                    self._state = led_to
                    self._taken.add(identity)
        return refused if known <= self._taken else {}

    def _led_to(self, placed: Placed) -> Complaint:
        """The complaint after a row, registered by it if it was not yet. Raises Rejected."""
        now = datetime.now(UTC)
        fact = fact_of(self._bound, placed, self._case.latest)
        if self._state is None:
            self._state = self._registered(fact, now)
        return next(plans(fact, self._state, now)).leads_to

    def _registered(self, fact: Fact, now: datetime) -> Complaint:
        register = dated(self._bound.register(fact.row), fact.at, uncertain=fact.uncertain)
        try:
            state, _ = rehearsed(register, None, now)
        except Refused as error:
            raise Rejected(register.verb, str(error)) from error
        return state
