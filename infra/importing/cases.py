"""Files of one row a change: each row is appended to the stream of its case, whole or not at all."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from domain.complaint import COMPLAINT, Complaint
from domain.messages import Command, Refused
from infra.batching import Overloaded
from infra.commands import AlreadyClaimed, Caller, Commands, VersionMismatch
from infra.events import Erased
from infra.importing.binding import BoundLog
from infra.importing.mapping import Mapping
from infra.importing.planning import Fact, Plan, dated, fact_of, plans
from infra.importing.reading import Reader, Rejected
from infra.importing.rehearsing import Rehearsal
from infra.importing.reporting import Tally
from infra.importing.sorting import Case, Placed, Sorted

TRIES = 20
READ_AT_ONCE = 500


class Cases:
    """The cases of one file on their way: side by side, each row after row in the order of time."""

    def __init__(
        self, reader: Reader, bound: BoundLog, rows: Sorted, appending: "Appending", tally: Tally
    ) -> None:
        self._reader = reader
        self._bound = bound
        self._rows = rows
        self._appending = appending
        self._tally = tally
        self._cases: Iterator[Case] = iter(())
        self._total = 0

    async def prepare(self) -> None:
        """Read the whole file and sort it by case and time, on disk."""
        for record in self._reader:
            self._total += 1
            try:
                if record.fault:
                    raise record.fault
                self._rows.add(*self._bound.placed(record.fields), record)
            except Rejected as rejected:
                self._tally.rejects.write(record, rejected)
            if self._total % READ_AT_ONCE == 0:
                self._tally.tell()
                await asyncio.sleep(0)
        self._tally.cases = self._rows.sort()
        self._cases = self._rows.cases()

    async def work(self) -> None:
        """Take cases until there are no more; any number of these share the file."""
        for case in self._cases:
            await self._take(case)

    async def _take(self, case: Case) -> None:
        """Append the rows of a case that are not in the log yet."""
        turn = Turn(case)
        rehearsal: Rehearsal | None = None
        for number, page in enumerate(self._rows.pages(case.id)):
            rows = [(placed, self._bound.identity(placed.record.fields)) for placed in page]
            known = await self._appending.known(turn, [identity for _, identity in rows])
            if number == 0 and known:
                rehearsal = Rehearsal(self._bound, case)
            refused = rehearsal.refusals(rows, known) if rehearsal else {}
            for placed, identity in rows:
                if identity not in known and identity in refused:
                    self._tally.rejects.write(placed.record, refused[identity])
                else:
                    await self._row(turn, placed, identity, known)
            self._tally.bytes_read = self._reader.bytes_read * self._tally.rows // self._total
            self._tally.tell()

    async def _row(self, turn: "Turn", placed: Placed, identity: str, known: set[str]) -> None:
        if identity in known:
            self._tally.known += 1
            return
        try:
            plan = await self._appending.append(turn, placed, identity)
        except AlreadyClaimed:  # by another import of the same rows, at the same time
            turn.standing = None
            self._tally.known += 1
        except Rejected as rejected:
            if not await self._appending.known(turn, [identity]):
                self._tally.rejects.write(placed.record, rejected)
                return
            turn.standing = None  # likewise: it is refused because it is there
            self._tally.known += 1
        else:
            self._tally.added += plan.counts_as == "added"
            self._tally.noted += plan.counts_as == "noted"
            self._tally.implied += plan.implied
        known.add(identity)  # a row that is told twice


class Standing(NamedTuple):
    """A stream as far as it is known here."""

    stream_id: UUID
    state: Complaint
    etag: int


class Turn:
    """A case on its way: its stream, once there is one, and how that stands, once that was needed."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.stream_id: UUID | None = None
        self.standing: Standing | None = None


class Appending:
    """Rows on their way into the log, each under a claim of its own: `<source>:<case>/<identity>`."""

    def __init__(self, mapping: Mapping, bound: BoundLog, commands: Commands, correlation: str) -> None:
        self._mapping = mapping
        self._bound = bound
        self._commands = commands
        self._correlation = correlation

    async def known(self, turn: Turn, identities: list[str]) -> set[str]:
        """Those rows of a case that are in the log."""
        case = self._claim(turn)
        claims = {self._claim(turn, identity): identity for identity in identities}
        taken = await self._commands.claimed([case, *claims])
        turn.stream_id = taken.get(case)
        return {identity for claim, identity in claims.items() if claim in taken}

    async def append(self, turn: Turn, placed: Placed, identity: str) -> Plan:
        """Append what the row becomes, registering its case before if that is not there yet.

        Raises:
            Rejected: it is not what its command allows, or the rules refuse it.
            AlreadyClaimed: somebody else appended it meanwhile.
        """
        if turn.stream_id is not None and turn.standing is None:
            turn.standing = await self._read(turn.stream_id)
        fact = self._fact(turn, placed)
        if turn.standing is None:
            turn.standing = await self._registered(turn, fact)
            turn.stream_id = turn.standing.stream_id
        for _ in range(TRIES):
            try:
                return await self._carried_out(turn, fact, turn.standing, identity)
            except VersionMismatch:  # somebody works on it
                turn.standing = await self._read(turn.standing.stream_id)
        raise Overloaded(f"case {turn.case.id!r} moved on {TRIES} times while a row was decided")

    async def _carried_out(self, turn: Turn, fact: Fact, standing: Standing, identity: str) -> Plan:
        """The first plan that the rules accept. What they know and plans do not: the window for reopening."""
        caller = self._caller(self._claim(turn, identity), standing.etag)
        refusal = None
        for plan in plans(fact, standing.state, datetime.now(UTC), self._commands.staff):
            try:
                outcome = await self._commands.execute(COMPLAINT, standing.stream_id, caller, *plan.commands)
            except Refused as error:
                refusal = error
            except Erased as error:
                raise Rejected(
                    self._mapping.id_column, "the personal data of its case were erased"
                ) from error
            else:
                turn.standing = Standing(outcome.stream_id, outcome.state, outcome.etag)
                return plan
        raise Rejected("", str(refusal))

    async def _registered(self, turn: Turn, fact: Fact) -> Standing:
        register: Command = dated(self._bound.register(fact.row), fact.at, uncertain=fact.uncertain)
        try:
            outcome = await self._commands.create(COMPLAINT, self._caller(self._claim(turn)), register)
        except AlreadyClaimed as taken:
            return await self._read(taken.stream_id)
        except Refused as error:
            raise Rejected(register.verb, str(error)) from error
        return Standing(outcome.stream_id, outcome.state, outcome.etag)

    def _fact(self, turn: Turn, placed: Placed) -> Fact:
        changed_at = turn.standing.state.changed_at if turn.standing else None
        return fact_of(self._bound, placed, turn.case.latest or changed_at)

    async def _read(self, stream_id: UUID) -> Standing:
        history = await self._commands.history(COMPLAINT, stream_id)
        return Standing(stream_id, history.state, history.etag)

    def _claim(self, turn: Turn, identity: str | None = None) -> str:
        case = f"{self._mapping.source}:{turn.case.id}"
        return case if identity is None else f"{case}/{identity}"

    def _caller(self, claim: str, etag: int | None = None) -> Caller:
        return Caller(
            actor=f"import:{self._mapping.source}",
            correlation=self._correlation,
            if_match=etag,
            claim=claim,
            origin="import",
        )
