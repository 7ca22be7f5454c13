"""What falls due when: open promises and open reminders. The watchdog records that their time came."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, LiteralString, assert_never, cast
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct
from psycopg.rows import class_row, tuple_row

from domain.complaint import COMPLAINT, ComplaintEvent
from domain.complaint import events as e
from domain.messages import Event
from infra.events import Recorded
from infra.projector import View
from infra.rows import write

Kind = Literal["promise", "reminder"]

DDL = """
CREATE TABLE IF NOT EXISTS deadlines_1 (
    complaint_id uuid        NOT NULL,
    item_id      uuid        NOT NULL,
    kind         text        NOT NULL,
    due_at       timestamptz NOT NULL,
    PRIMARY KEY (complaint_id, item_id)
);
CREATE INDEX IF NOT EXISTS deadlines_1_due ON deadlines_1 (due_at, complaint_id, item_id);
"""
KEEP = b"""
INSERT INTO deadlines_1 (complaint_id, item_id, kind, due_at)
SELECT complaint_id, item_id, kind, due_at FROM json_populate_recordset(NULL::deadlines_1, %s)
    ON CONFLICT (complaint_id, item_id) DO UPDATE SET due_at = excluded.due_at"""
DROP = b"""
DELETE FROM deadlines_1 d USING json_to_recordset(%s) AS ended (complaint_id uuid, item_id uuid)
 WHERE d.complaint_id = ended.complaint_id AND d.item_id = ended.item_id"""
DUE: LiteralString = """
SELECT complaint_id, kind, item_id, due_at FROM deadlines_1
 WHERE due_at <= %s ORDER BY due_at, complaint_id, item_id LIMIT %s"""
NEXT: LiteralString = "SELECT due_at FROM deadlines_1 ORDER BY due_at LIMIT 1"


class Due(Struct, frozen=True, kw_only=True):
    """A promise or a reminder, `item_id`, of a complaint, and when its time comes."""

    complaint_id: UUID
    kind: Kind
    item_id: UUID
    due_at: datetime


Key = tuple[UUID, UUID]


def concerns(recorded: Recorded[Event]) -> bool:
    """Whether the event sets a deadline, or ends one."""
    return _change(recorded) is not None


async def apply(connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
    """Fold events into the table: what the batch as a whole leaves of each deadline."""
    left: dict[Key, Due | None] = {}
    for recorded in events:
        if change := _change(recorded):
            left[recorded.stream_id, change[0]] = change[1]
    if ended := [key for key, due in left.items() if due is None]:
        keys = [{"complaint_id": complaint_id, "item_id": item_id} for complaint_id, item_id in ended]
        await write(connection, DROP, [msgspec.json.encode(keys).decode()])
    if kept := [due for due in left.values() if due is not None]:
        await write(connection, KEEP, [msgspec.json.encode(kept).decode()])


VIEW = View(
    name="deadlines",
    version=1,
    ddl=DDL,
    tables=("deadlines_1",),
    apply=apply,
    stream_kinds=(COMPLAINT.kind,),
    concerns=concerns,
)


async def due(connection: psycopg.AsyncConnection[Any], at: datetime, limit: int) -> list[Due]:
    """What fell due by `at` and was neither recorded nor settled yet, oldest first."""
    async with connection.cursor(row_factory=class_row(Due)) as cursor:
        return await (await cursor.execute(DUE, [at, limit])).fetchall()


async def next_due(connection: psycopg.AsyncConnection[Any]) -> datetime | None:
    """When the next thing falls due, or fell; None where nothing is open."""
    async with connection.cursor(row_factory=tuple_row) as cursor:
        found = await (await cursor.execute(NEXT)).fetchone()
    return found[0] if found else None


def _change(recorded: Recorded[Event]) -> tuple[UUID, Due | None] | None:
    """The id of the deadline that an event sets, or ends; None: it concerns none."""
    if recorded.kind != COMPLAINT.kind:
        return None
    match cast("ComplaintEvent", recorded.event):
        case e.DeadlinePromised() | e.PromiseRescheduled() as event:
            return event.promise_id, _due(recorded, "promise", event.promise_id, event.due_at)
        case e.ReminderSet() as event:
            return event.reminder_id, _due(recorded, "reminder", event.reminder_id, event.at)
        case e.PromiseFulfilled() | e.PromiseMissed() as event:
            return event.promise_id, None
        case e.ReminderDue() as event:
            return event.reminder_id, None
        case (
            e.ComplaintRegistered()
            | e.ComplaintAcknowledged()
            | e.ComplaintClassified()
            | e.KindChanged()
            | e.ComplaintCorrected()
            | e.CustomerRelinked()
            | e.PartyAdded()
            | e.PartyRemoved()
            | e.AuthorityVerified()
            | e.ComplaintAssigned()
            | e.ComplaintUnassigned()
            | e.InvestigationStarted()
            | e.ComplaintEscalated()
            | e.OriginIdentified()
            | e.FlagRaised()
            | e.FlagCleared()
            | e.NoteAdded()
            | e.AttachmentAdded()
            | e.WorkLogged()
            | e.CustomerContacted()
            | e.CustomerReplied()
            | e.ReplyReviewed()
            | e.HoldingResponseSent()
            | e.WorkaroundOffered()
            | e.ExposureRecorded()
            | e.SatisfactionRated()
            | e.InformationRequested()
            | e.SectorConsulted()
            | e.SectorAnswered()
            | e.AskCancelled()
            | e.CompensationOffered()
            | e.CompensationWithdrawn()
            | e.CompensationAccepted()
            | e.CompensationDeclined()
            | e.CompensationPaid()
            | e.CompensationFailed()
            | e.ExternalCaseOpened()
            | e.ExternalCaseAnswered()
            | e.ExternalCaseDecided()
            | e.ResolutionProposed()
            | e.ProposalWithdrawn()
            | e.ResolutionAccepted()
            | e.ResolutionRejected()
            | e.ComplaintResolved()
            | e.ComplaintClosed()
            | e.ComplaintReopened()
            | e.ComplaintWithdrawn()
            | e.ComplaintDismissed()
            | e.ComplaintForwarded()
            | e.DuplicateMarked()
            | e.DuplicateUnmarked()
            | e.ComplaintLinked()
            | e.ComplaintUnlinked()
            | e.ApprovalRequested()
            | e.ApprovalGranted()
            | e.ApprovalRefused()
            | e.HistoryRequested()
            | e.HistoryDelivered()
            | e.SlaApplied()
            | e.SlaWarningRaised()
            | e.SlaBreached()
            | e.SlaBreachCorrected()
            | e.SlaEscalated()
            | e.NotificationSent()
            | e.NotificationFailed()
        ):
            return None
        case _ as unknown:
            assert_never(unknown)


def _due(recorded: Recorded[Event], kind: Kind, item_id: UUID, due_at: datetime) -> Due:
    return Due(complaint_id=recorded.stream_id, kind=kind, item_id=item_id, due_at=due_at)
