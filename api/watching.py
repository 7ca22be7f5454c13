"""What the watchdog watches, and the command that records that its time came."""

from domain.aggregate import Command
from domain.complaint.commands import RecordDueReminder, RecordMissedPromise
from infra.commands import Commands
from infra.watchdog import Watchdog
from projections import deadlines


def watchdog(conninfo: str, commands: Commands) -> Watchdog[deadlines.Due]:
    """The watchdog over the open promises and reminders."""
    return Watchdog(conninfo, commands, deadlines.due, recording)


def recording(due: deadlines.Due) -> Command:
    """The command that records that a promise was missed or a reminder is due, at the moment it fell due."""
    match due.kind:
        case "promise":
            return RecordMissedPromise(promise_id=due.item_id, occurred_at=due.due_at)
        case "reminder":
            return RecordDueReminder(reminder_id=due.item_id, occurred_at=due.due_at)
