"""What can happen to a complaint. `docs/events.md` says what each event means."""

from __future__ import annotations

from domain.approvals import (
    ApprovalGranted,
    ApprovalRefused,
    ApprovalRequested,
)
from domain.complaint.events.asks import (
    AskCancelled,
    InformationRequested,
    SectorAnswered,
    SectorConsulted,
)
from domain.complaint.events.contact import (
    CustomerContacted,
    CustomerReplied,
    ExposureRecorded,
    HistoryDelivered,
    HistoryRequested,
    HoldingResponseSent,
    ReplyReviewed,
    SatisfactionRated,
    WorkaroundOffered,
)
from domain.complaint.events.intake import (
    ComplaintAcknowledged,
    ComplaintClassified,
    ComplaintCorrected,
    ComplaintRegistered,
    KindChanged,
)
from domain.complaint.events.notifications import (
    NotificationFailed,
    NotificationSent,
)
from domain.complaint.events.outside import (
    ExternalCaseAnswered,
    ExternalCaseDecided,
    ExternalCaseOpened,
)
from domain.complaint.events.parties import (
    AuthorityVerified,
    CustomerRelinked,
    PartyAdded,
    PartyRemoved,
)
from domain.complaint.events.promises import (
    DeadlinePromised,
    PromiseFulfilled,
    PromiseMissed,
    PromiseRescheduled,
    ReminderDue,
    ReminderSet,
)
from domain.complaint.events.redress import (
    CompensationAccepted,
    CompensationDeclined,
    CompensationFailed,
    CompensationOffered,
    CompensationPaid,
    CompensationWithdrawn,
)
from domain.complaint.events.relations import (
    ComplaintLinked,
    ComplaintUnlinked,
    DuplicateMarked,
    DuplicateUnmarked,
)
from domain.complaint.events.resolution import (
    ComplaintClosed,
    ComplaintDismissed,
    ComplaintForwarded,
    ComplaintReopened,
    ComplaintResolved,
    ComplaintWithdrawn,
    ProposalWithdrawn,
    ResolutionAccepted,
    ResolutionProposed,
    ResolutionRejected,
)
from domain.complaint.events.sla import (
    ClockEvent,
    SlaApplied,
    SlaBreachCorrected,
    SlaBreached,
    SlaEscalated,
    SlaWarningRaised,
)
from domain.complaint.events.work import (
    AttachmentAdded,
    ComplaintAssigned,
    ComplaintEscalated,
    ComplaintUnassigned,
    FlagCleared,
    FlagRaised,
    InvestigationStarted,
    NoteAdded,
    OriginIdentified,
    WorkLogged,
)

ComplaintEvent = (
    ComplaintRegistered
    | ComplaintAcknowledged
    | ComplaintClassified
    | KindChanged
    | ComplaintCorrected
    | CustomerRelinked
    | PartyAdded
    | PartyRemoved
    | AuthorityVerified
    | ComplaintAssigned
    | ComplaintUnassigned
    | InvestigationStarted
    | ComplaintEscalated
    | OriginIdentified
    | FlagRaised
    | FlagCleared
    | NoteAdded
    | AttachmentAdded
    | WorkLogged
    | CustomerContacted
    | CustomerReplied
    | ReplyReviewed
    | HoldingResponseSent
    | WorkaroundOffered
    | ExposureRecorded
    | SatisfactionRated
    | InformationRequested
    | SectorConsulted
    | SectorAnswered
    | AskCancelled
    | DeadlinePromised
    | PromiseFulfilled
    | PromiseRescheduled
    | PromiseMissed
    | ReminderSet
    | ReminderDue
    | CompensationOffered
    | CompensationWithdrawn
    | CompensationAccepted
    | CompensationDeclined
    | CompensationPaid
    | CompensationFailed
    | ExternalCaseOpened
    | ExternalCaseAnswered
    | ExternalCaseDecided
    | ResolutionProposed
    | ProposalWithdrawn
    | ResolutionAccepted
    | ResolutionRejected
    | ComplaintResolved
    | ComplaintClosed
    | ComplaintReopened
    | ComplaintWithdrawn
    | ComplaintDismissed
    | ComplaintForwarded
    | DuplicateMarked
    | DuplicateUnmarked
    | ComplaintLinked
    | ComplaintUnlinked
    | ApprovalRequested
    | ApprovalGranted
    | ApprovalRefused
    | HistoryRequested
    | HistoryDelivered
    | SlaApplied
    | SlaWarningRaised
    | SlaBreached
    | SlaBreachCorrected
    | SlaEscalated
    | NotificationSent
    | NotificationFailed
)

__all__ = [
    "ApprovalGranted",
    "ApprovalRefused",
    "ApprovalRequested",
    "AskCancelled",
    "AttachmentAdded",
    "AuthorityVerified",
    "ClockEvent",
    "CompensationAccepted",
    "CompensationDeclined",
    "CompensationFailed",
    "CompensationOffered",
    "CompensationPaid",
    "CompensationWithdrawn",
    "ComplaintAcknowledged",
    "ComplaintAssigned",
    "ComplaintClassified",
    "ComplaintClosed",
    "ComplaintCorrected",
    "ComplaintDismissed",
    "ComplaintEscalated",
    "ComplaintEvent",
    "ComplaintForwarded",
    "ComplaintLinked",
    "ComplaintRegistered",
    "ComplaintReopened",
    "ComplaintResolved",
    "ComplaintUnassigned",
    "ComplaintUnlinked",
    "ComplaintWithdrawn",
    "CustomerContacted",
    "CustomerRelinked",
    "CustomerReplied",
    "DeadlinePromised",
    "DuplicateMarked",
    "DuplicateUnmarked",
    "ExposureRecorded",
    "ExternalCaseAnswered",
    "ExternalCaseDecided",
    "ExternalCaseOpened",
    "FlagCleared",
    "FlagRaised",
    "HistoryDelivered",
    "HistoryRequested",
    "HoldingResponseSent",
    "InformationRequested",
    "InvestigationStarted",
    "KindChanged",
    "NoteAdded",
    "NotificationFailed",
    "NotificationSent",
    "OriginIdentified",
    "PartyAdded",
    "PartyRemoved",
    "PromiseFulfilled",
    "PromiseMissed",
    "PromiseRescheduled",
    "ProposalWithdrawn",
    "ReminderDue",
    "ReminderSet",
    "ReplyReviewed",
    "ResolutionAccepted",
    "ResolutionProposed",
    "ResolutionRejected",
    "SatisfactionRated",
    "SectorAnswered",
    "SectorConsulted",
    "SlaApplied",
    "SlaBreachCorrected",
    "SlaBreached",
    "SlaEscalated",
    "SlaWarningRaised",
    "WorkLogged",
    "WorkaroundOffered",
]
