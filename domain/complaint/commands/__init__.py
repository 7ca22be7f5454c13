"""What can be asked of a complaint. The fields are the body of the request."""

from __future__ import annotations

from domain.complaint.commands.approvals import (
    Approve,
    Refuse,
)
from domain.complaint.commands.asks import (
    CancelAsk,
    ConsultSector,
    RecordSectorAnswer,
    RequestInformation,
)
from domain.complaint.commands.contact import (
    ContactCustomer,
    DeliverHistory,
    OfferWorkaround,
    Rate,
    RecordExposure,
    RecordReply,
    RequestHistory,
    ReviewReply,
    SendHoldingResponse,
)
from domain.complaint.commands.inputs import (
    AssessmentInput,
    ContactInput,
    PointInput,
    PointOutcomeInput,
    RedressInput,
    SubjectRefInput,
    VulnerabilityInput,
)
from domain.complaint.commands.intake import (
    Acknowledge,
    ChangeKind,
    Classify,
    Correct,
    Register,
)
from domain.complaint.commands.notifications import (
    RecordNotificationFailed,
    RecordNotificationSent,
)
from domain.complaint.commands.outside import (
    AnswerExternalCase,
    DecideExternalCase,
    OpenExternalCase,
)
from domain.complaint.commands.parties import (
    AddParty,
    RelinkCustomer,
    RemoveParty,
    VerifyAuthority,
)
from domain.complaint.commands.promises import (
    FulfilPromise,
    Promise,
    RecordDueReminder,
    RecordMissedPromise,
    ReschedulePromise,
    SetReminder,
)
from domain.complaint.commands.redress import (
    AcceptCompensation,
    DeclineCompensation,
    FailCompensation,
    OfferCompensation,
    PayCompensation,
    WithdrawCompensation,
)
from domain.complaint.commands.relations import (
    Link,
    MarkDuplicate,
    Unlink,
    UnmarkDuplicate,
)
from domain.complaint.commands.resolution import (
    AcceptResolution,
    Close,
    Dismiss,
    Forward,
    ProposeResolution,
    RejectResolution,
    Reopen,
    Resolve,
    Withdraw,
    WithdrawProposal,
)
from domain.complaint.commands.sla import ApplyPolicies, RecordSlaDue
from domain.complaint.commands.work import (
    AddNote,
    Assign,
    Attach,
    ClearFlag,
    Escalate,
    IdentifyOrigin,
    Investigate,
    LogWork,
    RaiseFlag,
    Unassign,
)

ComplaintCommand = (
    Register
    | Acknowledge
    | Classify
    | ChangeKind
    | Correct
    | RelinkCustomer
    | AddParty
    | RemoveParty
    | VerifyAuthority
    | Assign
    | Unassign
    | Investigate
    | Escalate
    | IdentifyOrigin
    | RaiseFlag
    | ClearFlag
    | AddNote
    | Attach
    | LogWork
    | ContactCustomer
    | RecordReply
    | ReviewReply
    | SendHoldingResponse
    | OfferWorkaround
    | RecordExposure
    | Rate
    | RequestInformation
    | ConsultSector
    | RecordSectorAnswer
    | CancelAsk
    | Promise
    | FulfilPromise
    | ReschedulePromise
    | SetReminder
    | OfferCompensation
    | WithdrawCompensation
    | AcceptCompensation
    | DeclineCompensation
    | PayCompensation
    | FailCompensation
    | OpenExternalCase
    | AnswerExternalCase
    | DecideExternalCase
    | ProposeResolution
    | WithdrawProposal
    | AcceptResolution
    | RejectResolution
    | Resolve
    | Close
    | Reopen
    | Withdraw
    | Dismiss
    | Forward
    | MarkDuplicate
    | UnmarkDuplicate
    | Link
    | Unlink
    | Approve
    | Refuse
    | RequestHistory
    | DeliverHistory
    | RecordNotificationSent
    | RecordNotificationFailed
)

SystemCommand = RecordMissedPromise | RecordDueReminder | RecordSlaDue | ApplyPolicies
"""What the service asks of itself when a time has come."""

__all__ = [
    "AcceptCompensation",
    "AcceptResolution",
    "Acknowledge",
    "AddNote",
    "AddParty",
    "AnswerExternalCase",
    "ApplyPolicies",
    "Approve",
    "AssessmentInput",
    "Assign",
    "Attach",
    "CancelAsk",
    "ChangeKind",
    "Classify",
    "ClearFlag",
    "Close",
    "ComplaintCommand",
    "ConsultSector",
    "ContactCustomer",
    "ContactInput",
    "Correct",
    "DecideExternalCase",
    "DeclineCompensation",
    "DeliverHistory",
    "Dismiss",
    "Escalate",
    "FailCompensation",
    "Forward",
    "FulfilPromise",
    "IdentifyOrigin",
    "Investigate",
    "Link",
    "LogWork",
    "MarkDuplicate",
    "OfferCompensation",
    "OfferWorkaround",
    "OpenExternalCase",
    "PayCompensation",
    "PointInput",
    "PointOutcomeInput",
    "Promise",
    "ProposeResolution",
    "RaiseFlag",
    "Rate",
    "RecordDueReminder",
    "RecordExposure",
    "RecordMissedPromise",
    "RecordNotificationFailed",
    "RecordNotificationSent",
    "RecordReply",
    "RecordSectorAnswer",
    "RecordSlaDue",
    "RedressInput",
    "Refuse",
    "Register",
    "RejectResolution",
    "RelinkCustomer",
    "RemoveParty",
    "Reopen",
    "RequestHistory",
    "RequestInformation",
    "ReschedulePromise",
    "Resolve",
    "ReviewReply",
    "SendHoldingResponse",
    "SetReminder",
    "SubjectRefInput",
    "SystemCommand",
    "Unassign",
    "Unlink",
    "UnmarkDuplicate",
    "VerifyAuthority",
    "VulnerabilityInput",
    "Withdraw",
    "WithdrawCompensation",
    "WithdrawProposal",
]
