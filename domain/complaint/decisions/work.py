"""Who works on a complaint, and what comes of the work."""

from __future__ import annotations

from domain.aggregate import Context
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint.decisions.redress import check_amount
from domain.complaint.state import Complaint
from domain.messages import Refused
from domain.staff import Staff


def assign(state: Complaint, command: c.Assign, staff: Staff) -> list[e.ComplaintEvent]:
    """The event names who has it then: another team drops the analyst, an analyst comes with the own team.

    An analyst without a team that is known keeps the complaint's. Whose team it is goes into the event; where
    the registry has learnt of another provider, those who have it already are assigned once more.
    """
    if command.analyst is None and command.team is None:
        raise Refused("nothing-to-assign", "an assignment names an analyst, a team or both")
    team = command.team or staff.members.get(command.analyst or "") or state.team
    analyst = command.analyst or (state.analyst if team == state.team else None)
    known = staff.teams.get(team or "")
    provider, provider_name = (known.provider, known.provider_name) if known else (None, None)
    had_by_them = (analyst, team) == (state.analyst, state.team)
    if had_by_them and (known is None or (provider, provider_name) == (state.provider, state.provider_name)):
        return []
    return [
        e.ComplaintAssigned(
            analyst=analyst,
            team=team,
            reason=command.reason,
            provider=provider,
            provider_name=provider_name,
        )
    ]


def unassign(state: Complaint, command: c.Unassign) -> list[e.ComplaintEvent]:
    if state.analyst is None and state.team is None:
        return []
    return [e.ComplaintUnassigned(analyst=state.analyst, team=state.team, reason=command.reason)]


def investigate() -> list[e.ComplaintEvent]:
    return [e.InvestigationStarted()]


def escalate(command: c.Escalate) -> list[e.ComplaintEvent]:
    return [e.ComplaintEscalated(level=command.level, to=command.to, reason=command.reason)]


def identify_origin(command: c.IdentifyOrigin) -> list[e.ComplaintEvent]:
    """What was found out last replaces what was thought before."""
    return [
        e.OriginIdentified(
            sector=command.sector,
            cause=command.cause,
            explanation=command.explanation,
            problem_id=command.problem_id,
            product=command.product,
        )
    ]


def raise_flag(state: Complaint, command: c.RaiseFlag) -> list[e.ComplaintEvent]:
    if command.flag in state.flags:
        return []
    return [e.FlagRaised(flag=command.flag, reason=command.reason)]


def clear_flag(state: Complaint, command: c.ClearFlag) -> list[e.ComplaintEvent]:
    if command.flag not in state.flags:
        raise Refused("unknown-flag", f"the flag {command.flag} is not raised")
    return [e.FlagCleared(flag=command.flag, reason=command.reason)]


def add_note(command: c.AddNote) -> list[e.ComplaintEvent]:
    return [e.NoteAdded(text=command.text)]


def attach(command: c.Attach, ctx: Context) -> list[e.ComplaintEvent]:
    return [
        e.AttachmentAdded(
            attachment_id=ctx.new_id,
            name=command.name,
            media_type=command.media_type,
            size=command.size,
            sha256=command.sha256,
        )
    ]


def log_work(command: c.LogWork) -> list[e.ComplaintEvent]:
    check_amount(command.cost, command.currency)
    return [
        e.WorkLogged(
            minutes=command.minutes,
            activity=command.activity,
            cost=command.cost,
            currency=command.currency,
        )
    ]
