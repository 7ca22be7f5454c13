"""Who may do what: the table that the API reads. docs/roles.md shows it."""

from typing import Literal, get_args

from domain import AGGREGATES

Role = Literal["analyst", "supervisor", "sector", "auditor", "privacy", "integrator", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

_STAFF: frozenset[Role] = frozenset({"analyst", "supervisor"})
_READERS: frozenset[Role] = frozenset({*_STAFF, "auditor"})

# What more than staff may do; every other command is for analysts and supervisors.
_COMMANDS: dict[str, frozenset[Role]] = {
    "complaint/register": frozenset({*_STAFF, "integrator"}),
    "complaint/record-reply": frozenset({*_STAFF, "integrator"}),
    "complaint/record-sector-answer": frozenset({*_STAFF, "sector"}),
    "complaint/add-note": frozenset({*_STAFF, "sector"}),
}

_READS: dict[str, frozenset[Role]] = {
    "read complaints": frozenset({*_READERS, "sector"}),
    "read customers": _READERS,
    "read history": _READERS,
    "read trail": frozenset({"supervisor", "auditor"}),
    "read own identity": frozenset(ROLES),
}

MAY: dict[str, frozenset[Role]] = {
    **{
        (name := f"{kind}/{command.verb}"): _COMMANDS.get(name, _STAFF)
        for kind, aggregate in AGGREGATES.items()
        for command in aggregate.commands
    },
    **_READS,
}
"""Action → the roles that may. A command's action is `<kind>/<command>`."""
