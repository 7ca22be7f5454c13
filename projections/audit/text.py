"""Every event as a line of English, without personal data."""

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never, cast

from domain import customer as c
from domain.aggregate import Event
from domain.complaint import ComplaintEvent
from domain.complaint import events as e
from domain.customer import CustomerEvent


def readable(event: Event) -> str:
    """What happened, in one line."""
    return _line(cast("ComplaintEvent | CustomerEvent", event))


def _line(event: ComplaintEvent | CustomerEvent) -> str:  # noqa: C901, PLR0911, PLR0912 - one branch for each event
    match event:
        case e.ComplaintRegistered():
            return f"{event.kind.capitalize()} {event.protocol} registered, received through {event.channel}"
        case e.ComplaintAcknowledged():
            how = "automatically" if event.automatic else "by a person"
            return f"Acknowledged {how} through {event.channel}"
        case e.ComplaintClassified():
            return f"Classified: {_classification(event)}"
        case e.ComplaintAssigned():
            return f"Assigned to {_assignee(event)}"
        case e.ComplaintUnassigned():
            return f"Taken back from {_assignee(event)}"
        case e.InvestigationStarted():
            return "Investigation started"
        case e.CustomerContacted():
            how = " automatically" if event.automatic else ""
            return f"Customer contacted{how} through {event.channel}: {_words(event.outcome)}"
        case e.CustomerReplied():
            return _reply(event)
        case e.ReplyReviewed():
            return "Customer's reply reviewed"
        case e.InformationRequested():
            return f"Customer asked for information{_due(event.due_at)}"
        case e.SectorConsulted():
            return f"Sector {event.sector} consulted{_due(event.due_at)}"
        case e.SectorAnswered():
            return f"Sector {event.sector} answered{', late' if event.late else ''}"
        case e.AskCancelled():
            return f"Question to {f'sector {event.sector}' if event.sector else 'the customer'} cancelled"
        case e.ResolutionProposed():
            again = ", superseding the one before" if event.supersedes else ""
            return f"Resolution proposed through {event.channel}: {_words(event.outcome)}{again}"
        case e.ProposalWithdrawn():
            return "Proposal withdrawn"
        case e.ResolutionAccepted():
            partly = f" in part ({_listed(event.accepted_points)})" if event.scope == "partial" else ""
            return f"Resolution accepted{partly} through {event.channel}"
        case e.ResolutionRejected():
            return f"Resolution rejected through {event.channel}"
        case e.ComplaintResolved():
            return f"Resolved: {_words(event.outcome)} ({_words(event.basis)})"
        case e.ComplaintClosed():
            return f"Closed: {_words(event.reason)}"
        case e.ComplaintReopened():
            return "Reopened"
        case e.ComplaintWithdrawn():
            return "Withdrawn by the customer" if event.by == "customer" else "Ended as abandoned"
        case e.NoteAdded():
            return "Internal note added"
        case c.CustomerRegistered():
            return f"{event.kind.capitalize()} customer registered in tier {event.tier}"
        case c.CustomerContactChanged():
            return f"Contact data changed: {_listed(_named(event, c.CONTACT_FIELDS, event.removed))}"
        case c.CustomerTierChanged():
            return f"Tier changed to {event.tier}"
        case c.CustomerPreferencesSet():
            return f"Preferences set: {_listed(_named(event, c.PREFERENCES, event.removed))}"
        case _:
            assert_never(event)


def _classification(event: e.ComplaintClassified) -> str:
    named = ("category", "product", "severity", "journey_stage")
    given = {name: value for name in named if (value := getattr(event, name)) is not None}
    values = [f"{_words(name)} {_words(value)}" for name, value in given.items()]
    if event.tags is not None:
        values.append(f"tags {_listed(event.tags)}")
    if event.vulnerability is not None:
        values.append("vulnerability")
    if event.assessment is not None:
        values.append("initial assessment")
    return _listed(values)


def _assignee(event: e.ComplaintAssigned | e.ComplaintUnassigned) -> str:
    team = f"team {event.team}" if event.team else None
    return " of ".join(filter(None, (event.analyst, team))) or "nobody"


def _reply(event: e.CustomerReplied) -> str:
    late = f", too late: proposal {event.verdict}" if event.verdict else ""
    review = "; to be reviewed" if event.needs_review else ""
    return f"Customer replied through {event.channel}{late}{review}"


def _due(due_at: datetime | None) -> str:
    return f", due {due_at:%Y-%m-%d %H:%M} UTC" if due_at else ""


def _named(event: CustomerEvent, fields: Iterable[str], removed: Iterable[str]) -> list[str]:
    changed = [_words(name) for name in fields if getattr(event, name) is not None]
    return changed + [f"{_words(name)} removed" for name in removed]


def _listed(values: Iterable[str]) -> str:
    return ", ".join(values) or "none"


def _words(name: str) -> str:
    return name.replace("_", " ")
