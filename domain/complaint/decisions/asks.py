"""What customers and sectors are asked, and what comes of it."""

from __future__ import annotations

from domain.aggregate import Context
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint.state import Ask, Complaint
from domain.messages import Refused
from domain.times import due


def request_information(command: c.RequestInformation, ctx: Context) -> list[e.ComplaintEvent]:
    return [
        e.InformationRequested(
            ask_id=ctx.new_id,
            question=command.question,
            due_at=command.due_at and due(command.due_at, ctx),
            channel=command.channel,
        )
    ]


def consult_sector(command: c.ConsultSector, ctx: Context) -> list[e.ComplaintEvent]:
    return [
        e.SectorConsulted(
            ask_id=ctx.new_id,
            sector=command.sector,
            question=command.question,
            due_at=command.due_at and due(command.due_at, ctx),
        )
    ]


def record_sector_answer(state: Complaint, command: c.RecordSectorAnswer) -> list[e.ComplaintEvent]:
    """An answer to an ask that is answered or cancelled already is a fact too; it is marked as late."""
    ask = _named(state, command)
    if ask.sector is None:
        raise Refused("unknown-ask", f"{ask.ask_id} was asked of the customer; record-reply answers it")
    late = ask not in state.asks
    return [e.SectorAnswered(ask_id=ask.ask_id, sector=ask.sector, answer=command.answer, late=late)]


def cancel_ask(state: Complaint, command: c.CancelAsk) -> list[e.ComplaintEvent]:
    ask = _named(state, command)
    if ask not in state.asks:
        return []
    return [e.AskCancelled(ask_id=ask.ask_id, sector=ask.sector, reason=command.reason)]


def _named(state: Complaint, command: c.RecordSectorAnswer | c.CancelAsk) -> Ask:
    """The ask with the id, open or not; or the only open ask to the sector."""
    if command.ask_id is not None:
        found = [ask for ask in state.asks + state.past_asks if ask.ask_id == command.ask_id]
        if command.sector is not None:
            found = [ask for ask in found if ask.sector == command.sector]
    elif command.sector is not None:
        found = [ask for ask in state.asks if ask.sector == command.sector]
    else:
        raise Refused("ask-not-named", f"{command.verb} names an ask_id or a sector")
    if not found:
        raise Refused("unknown-ask", "the complaint has no such ask")
    if len(found) > 1:
        raise Refused("ambiguous-ask", f"{command.sector} has {len(found)} open asks; name one by its ask_id")
    return found[0]
