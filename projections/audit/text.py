"""Every event as a line of English, without personal data."""

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never, cast

from domain import analyst as a
from domain import customer as c
from domain import sla_calendar, sla_policy
from domain import team as t
from domain.analyst import AnalystEvent
from domain.complaint import ComplaintEvent
from domain.complaint import events as e
from domain.customer import CustomerEvent
from domain.messages import Event
from domain.sla_calendar import CalendarEvent
from domain.sla_policy import PolicyEvent
from domain.team import TeamEvent
from domain.webhook import WebhookEvent
from domain.webhook import events as w

AnyEvent = (
    ComplaintEvent | CustomerEvent | TeamEvent | AnalystEvent | PolicyEvent | CalendarEvent | WebhookEvent
)

CORRECTABLE = (
    "subject",
    "description",
    "channel",
    "contact",
    "anonymity",
    "product",
    "category",
    "journey_stage",
    "severity",
    "remedy_sought",
    "subject_refs",
    "points",
    "forwarded_from",
    "prior_protocol",
    "follows",
    "source_ref",
    "tags",
    "received_at",
)


WEBHOOK_FIELDS = ("url", "types", "payload", "description")


def readable(event: Event) -> str:
    """What happened, in one line."""
    return _line(cast("AnyEvent", event))


def _line(event: AnyEvent) -> str:  # noqa: C901, PLR0911, PLR0912, PLR0915 - one branch for each event
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
            return f"Customer asked for information{_through(event.channel)}{_due(event.due_at)}"
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
            return f"Resolved: {_words(event.outcome)} ({_words(event.basis)}){_through(event.channel)}"
        case e.ComplaintClosed():
            return f"Closed: {_words(event.reason)}"
        case e.ComplaintReopened():
            return "Reopened"
        case e.ComplaintWithdrawn():
            return "Withdrawn by the customer" if event.by == "customer" else "Ended as abandoned"
        case e.NoteAdded():
            return "Internal note added"
        case e.KindChanged():
            return f"Kind changed from {event.previous} to {event.kind}"
        case e.ComplaintCorrected():
            return f"Corrected: {_listed(_named(event, CORRECTABLE, event.removed))}"
        case e.CustomerRelinked():
            return "Linked to another customer" if event.customer_id else "Linked to no customer any more"
        case e.PartyAdded():
            return f"Party added: {event.role}"
        case e.PartyRemoved():
            return f"Party removed: {event.role}"
        case e.AuthorityVerified():
            return f"Authority of the {event.role} verified"
        case e.ComplaintEscalated():
            return f"Escalated to level {event.level}: {event.to}"
        case e.OriginIdentified():
            return f"Origin identified: {'/'.join(filter(None, (event.sector, event.cause, event.product)))}"
        case e.FlagRaised():
            return f"Flag raised: {event.flag}"
        case e.FlagCleared():
            return f"Flag cleared: {event.flag}"
        case e.AttachmentAdded():
            return f"Attachment added: {event.media_type}, {event.size} bytes"
        case e.WorkLogged():
            cost = f", cost {_money(event.cost, event.currency)}" if event.cost else ""
            return f"Work logged: {event.minutes} minutes, {_words(event.activity)}{cost}"
        case e.HoldingResponseSent():
            when = _moment(event.expected_by)
            return f"Holding response sent through {event.channel}, answer expected by {when}"
        case e.WorkaroundOffered():
            return "Workaround offered"
        case e.ExposureRecorded():
            return f"Exposure recorded: {event.shares} shares on {event.network}"
        case e.SatisfactionRated():
            given = {name: getattr(event, name) for name in ("csat", "ces", "nps")}
            rated = [f"{name} {value}" for name, value in given.items() if value is not None]
            return f"Satisfaction rated: {_listed(rated)}"
        case e.DeadlinePromised():
            return f"Promise made{_due(event.due_at)}"
        case e.PromiseFulfilled():
            return f"Promise fulfilled{', late' if event.late else ''}"
        case e.PromiseRescheduled():
            return f"Promise rescheduled from {_moment(event.previous_due_at)} to {_moment(event.due_at)}"
        case e.PromiseMissed():
            return f"Promise missed{_due(event.due_at)}"
        case e.ReminderSet():
            return f"Reminder set for {_moment(event.at)}"
        case e.ReminderDue():
            return f"Reminder of {_moment(event.at)} due"
        case e.CompensationOffered():
            amount = f" of {_money(event.amount, event.currency)}" if event.amount else ""
            return f"Compensation offered: {event.kind}{amount}"
        case e.CompensationWithdrawn():
            return "Compensation withdrawn"
        case e.CompensationAccepted():
            return f"Compensation accepted{_through(event.channel)}"
        case e.CompensationDeclined():
            return f"Compensation declined{_through(event.channel)}"
        case e.CompensationPaid():
            amount = f": {_money(event.amount, event.currency)}" if event.amount else ""
            return f"Compensation paid{amount}"
        case e.CompensationFailed():
            return "Payment of compensation failed"
        case e.ExternalCaseOpened():
            return f"Case {event.reference} opened at {_words(event.body)}{_due(event.due_at)}"
        case e.ExternalCaseAnswered():
            return f"Case {event.reference} at {_words(event.body)} answered"
        case e.ExternalCaseDecided():
            rating = "" if event.rating is None else f", rated {event.rating}"
            return f"Case {event.reference} at {_words(event.body)} decided: {event.outcome}{rating}"
        case e.ComplaintDismissed():
            return f"Dismissed: {_words(event.ground)}"
        case e.ComplaintForwarded():
            return f"Forwarded{' in part' if event.scope == 'part' else ''} to {event.to}"
        case e.DuplicateMarked():
            return f"Marked as a duplicate of {event.of}"
        case e.DuplicateUnmarked():
            return f"No duplicate of {event.of} any more"
        case e.ComplaintLinked():
            return f"Linked to {event.to}: {event.relation}"
        case e.ComplaintUnlinked():
            return f"Link to {event.to} removed: {event.relation}"
        case e.ApprovalRequested():
            return f"Approval asked for by {event.requested_by}: {event.verb} ({_words(event.ground)})"
        case e.ApprovalGranted():
            return f"Approved: {event.verb}, asked for by {event.requested_by}"
        case e.ApprovalRefused():
            return f"Refused: {event.verb}, asked for by {event.requested_by}"
        case e.HistoryRequested():
            return f"History asked for through {event.channel}"
        case e.HistoryDelivered():
            return f"History delivered through {event.channel}"
        case e.SlaApplied():
            named = [f"{pinned.policy} v{pinned.version}" for pinned in event.policies]
            return f"Service levels applied ({_words(event.cause)}): {_listed(named)}"
        case e.SlaWarningRaised():
            return f"Warning at {event.share:.0%} of {_clock(event)}{_due(event.due_at)}"
        case e.SlaBreached():
            return f"Breached: {_clock(event)}{_due(event.due_at)}"
        case e.SlaBreachCorrected():
            return f"Breach corrected: {_clock(event)} was {_words(event.verdict)}"
        case e.SlaEscalated():
            told = _listed(event.tell)
            return f"Escalated to level {event.level}: {_clock(event)}{_due(event.due_at)}, told: {told}"
        case e.NotificationSent():
            return f"Notification of version {event.about_version} sent to {_told(event)}"
        case e.NotificationFailed():
            return f"Notification of version {event.about_version} to {_told(event)} failed"
        case c.CustomerRegistered():
            return f"{event.kind.capitalize()} customer registered in tier {event.tier}"
        case c.CustomerContactChanged():
            return f"Contact data changed: {_listed(_named(event, c.CONTACT_FIELDS, event.removed))}"
        case c.CustomerTierChanged():
            return f"Tier changed to {event.tier}"
        case c.CustomerPreferencesSet():
            return f"Preferences set: {_listed(_named(event, c.PREFERENCES, event.removed))}"
        case t.TeamRegistered():
            return f"Team {event.team} registered: {_provider(event)}"
        case t.TeamProviderChanged():
            return f"Provider of the team changed: {_provider(event)}"
        case t.TeamDissolved():
            return "Team dissolved"
        case a.AnalystRegistered():
            return f"Analyst {event.analyst} registered in team {event.team}"
        case a.AnalystTeamChanged():
            return f"Analyst moved to team {event.team}"
        case a.AnalystLeft():
            return f"Analyst left team {event.team}"
        case sla_policy.PolicyDefined():
            return f"Policy {event.policy.name} drafted"
        case sla_policy.PolicyRevised():
            return f"Policy {event.policy.name} revised: version {event.policy_version}"
        case sla_policy.PolicyActivated():
            return f"Policy {event.policy_name} in force: version {event.policy_version}"
        case sla_policy.PolicyRetired():
            return f"Policy {event.policy_name} retired"
        case sla_calendar.CalendarDefined():
            return f"Calendar {event.calendar.name} defined"
        case sla_calendar.CalendarRevised():
            return f"Calendar {event.calendar.name} revised: version {event.calendar_version}"
        case sla_calendar.CalendarActivated():
            return f"Calendar {event.calendar_name} in force: version {event.calendar_version}"
        case sla_calendar.CalendarRetired():
            return f"Calendar {event.calendar_name} retired"
        case w.WebhookCreated():
            return f"Webhook to {event.host} created: {event.payload}, {_types(event.types)}"
        case w.WebhookChanged():
            return f"Webhook changed: {_listed(_named(event, WEBHOOK_FIELDS, event.removed))}"
        case w.WebhookPaused():
            return "Webhook paused"
        case w.WebhookResumed():
            return "Webhook resumed"
        case w.WebhookWarned():
            return f"Webhook fails since {_moment(event.failing_since)}"
        case w.WebhookDisabled():
            why = "the receiver is gone" if event.cause == "gone" else "it failed for days"
            return f"Webhook disabled: {why}"
        case w.WebhookDeleted():
            return "Webhook deleted"
        case w.SecretRotated():
            until = _moment(event.previous_until)
            return f"Secret {event.generation} of the webhook made, the one before ends at {until}"
        case w.SecretRetired():
            return f"Secret {event.generation} of the webhook retired"
        case w.ReplayRequested():
            return f"Events sent again from position {event.from_position}"
        case w.ParkedResumed():
            return f"Parked events resumed: {event.stream_id or 'all'}"
        case w.DeliverySkipped():
            return f"Event at position {event.position} skipped"
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


def _provider(event: t.TeamRegistered | t.TeamProviderChanged) -> str:
    return _words(event.provider) + (f" ({event.provider_name})" if event.provider_name else "")


def _reply(event: e.CustomerReplied) -> str:
    late = f", too late: proposal {event.verdict}" if event.verdict else ""
    review = "; to be reviewed" if event.needs_review else ""
    return f"Customer replied through {event.channel}{late}{review}"


def _clock(event: e.SlaWarningRaised | e.SlaBreached | e.SlaBreachCorrected | e.SlaEscalated) -> str:
    return f"{event.target} of {event.policy} v{event.policy_version}, cycle {event.cycle}"


def _told(event: e.NotificationSent | e.NotificationFailed) -> str:
    return f"{event.audience} through {event.channel}"


def _due(due_at: datetime | None) -> str:
    return f", due {_moment(due_at)}" if due_at else ""


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _money(amount: str | None, currency: str | None) -> str:
    return " ".join(filter(None, (amount, currency)))


def _through(channel: str | None) -> str:
    return f" through {channel}" if channel else ""


def _named(
    event: CustomerEvent | e.ComplaintCorrected | w.WebhookChanged,
    fields: Iterable[str],
    removed: Iterable[str],
) -> list[str]:
    changed = [_words(name) for name in fields if getattr(event, name) is not None]
    return changed + [f"{_words(name)} removed" for name in removed]


def _listed(values: Iterable[str]) -> str:
    return ", ".join(values) or "none"


def _types(tags: tuple[str, ...]) -> str:
    return _listed(tags) if tags else "all events"


def _words(name: str) -> str:
    return name.replace("_", " ")
