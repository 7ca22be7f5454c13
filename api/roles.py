"""Who may do what: the table that the API reads. docs/roles.md shows it."""

from typing import Literal, get_args

from domain import AGGREGATES
from domain.analyst import ANALYST
from domain.sla_calendar import SLA_CALENDAR
from domain.sla_policy import SLA_POLICY
from domain.team import TEAM
from domain.webhook import WEBHOOK

Role = Literal["analyst", "supervisor", "sector", "auditor", "privacy", "integrator", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

_STAFF: frozenset[Role] = frozenset({"analyst", "supervisor"})
_READERS: frozenset[Role] = frozenset({*_STAFF, "auditor"})

_SUPERVISORS: frozenset[Role] = frozenset({"supervisor"})
_CHANNELS: frozenset[Role] = frozenset({*_STAFF, "integrator"})
_SENDERS: frozenset[Role] = frozenset({"supervisor", "integrator"})
_SECTORS: frozenset[Role] = frozenset({*_STAFF, "sector"})

_SUBSCRIBERS: frozenset[Role] = frozenset({"integrator", "admin"})

# Every command that is not here is for analysts and supervisors.
_COMMANDS: dict[str, frozenset[Role]] = {
    "complaint/register": _CHANNELS,
    "complaint/record-reply": _CHANNELS,
    "complaint/record-exposure": _CHANNELS,
    "complaint/open-external-case": _CHANNELS,
    "complaint/answer-external-case": _CHANNELS,
    "complaint/decide-external-case": _CHANNELS,
    "complaint/record-notification-sent": _SENDERS,
    "complaint/record-notification-failed": _SENDERS,
    "complaint/record-sector-answer": _SECTORS,
    "complaint/add-note": _SECTORS,
    "complaint/change-kind": _SUPERVISORS,
    "complaint/approve": _SUPERVISORS,
    "complaint/refuse": _SUPERVISORS,
    **{
        f"{each.kind}/{command.verb}": _SUPERVISORS
        for each in (TEAM, ANALYST, SLA_POLICY, SLA_CALENDAR)
        for command in each.commands
    },
    **{f"webhook/{command.verb}": _SUBSCRIBERS for command in WEBHOOK.commands},
}

# Each command in them needs its own role beside.
_MANY: dict[str, frozenset[Role]] = {"send batches": _CHANNELS, "send bulk commands": _SUPERVISORS}
_OPERATION: dict[str, frozenset[Role]] = {
    "read views": frozenset({"admin"}),
    "rebuild views": frozenset({"admin"}),
}
_TRIALS: dict[str, frozenset[Role]] = {"test webhooks": _SUBSCRIBERS}

_SLA: dict[str, frozenset[Role]] = {
    "install presets": _SUPERVISORS,
    "preview service levels": _READERS,
    "simulate service levels": _SUPERVISORS,
}

_READS: dict[str, frozenset[Role]] = {
    "read complaints": frozenset({*_READERS, "sector"}),
    "read customers": _READERS,
    "read staff": frozenset({*_READERS, "admin"}),
    "read history": _READERS,
    "read service levels": _READERS,
    "read trail": frozenset({"supervisor", "auditor"}),
    "read webhooks": frozenset({*_SUBSCRIBERS, "auditor"}),
    "read feed": frozenset({*_READERS, "integrator"}),
    "read personal feed": frozenset({"supervisor", "auditor"}),
    "read own identity": frozenset(ROLES),
}

MAY: dict[str, frozenset[Role]] = {
    **{
        (name := f"{kind}/{command.verb}"): _COMMANDS.get(name, _STAFF)
        for kind, aggregate in AGGREGATES.items()
        for command in aggregate.commands
    },
    **_MANY,
    **_SLA,
    **_OPERATION,
    **_TRIALS,
    **_READS,
}
"""Action → the roles that may. A command's action is `<kind>/<command>`."""
