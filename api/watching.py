"""What the watchdogs watch, and the commands that record that its time came."""

from datetime import datetime

from domain.complaint.commands import RecordDueReminder, RecordMissedPromise, RecordSlaDue
from domain.messages import Command
from infra.watchdog import Task, Watched
from projections import deadlines, sla_due


def of_deadline(due: deadlines.Due, _now: datetime) -> Task:
    """Records that a promise was missed or a reminder is due, at the moment it fell due."""
    command: Command
    match due.kind:
        case "promise":
            command = RecordMissedPromise(promise_id=due.item_id, occurred_at=due.due_at)
        case "reminder":
            command = RecordDueReminder(reminder_id=due.item_id, occurred_at=due.due_at)
    key = f"watchdog/{due.kind}/{due.item_id}/{due.due_at.isoformat()}"
    return Task(due.complaint_id, key, (command,))


def of_clocks(found: sla_due.DueNow, now: datetime) -> Task:
    """Records what fell due of a complaint's clocks, each at its moment; what proved wrong, now."""
    fallen = [due for due in found.due if due.at <= now]
    wrong = any(due.what == "correction" for due in fallen)
    moments = {now if due.what == "correction" else due.at for due in fallen}
    return Task(
        found.complaint_id,
        # What the view knew is part of the name: once it knows more, that is looked at anew.
        f"watchdog/{found.complaint_id}/{found.version}/{len(fallen)}",
        tuple(RecordSlaDue(at=at, occurred_at=at, history=found.imported_until) for at in sorted(moments)),
        repeatable=not wrong,
    )


DEADLINES = Watched(deadlines.due, deadlines.next_due, of_deadline)
CLOCKS = Watched(sla_due.due, sla_due.next_due, of_clocks)
