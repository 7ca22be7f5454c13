"""Who has to do with a complaint, and who may speak for whom."""

from __future__ import annotations

from uuid import UUID

from domain.aggregate import Context
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint import values
from domain.complaint.state import Complaint, Party
from domain.complaint.values import plain
from domain.messages import Refused

ACTS_FOR_ANOTHER: frozenset[values.PartyRole] = frozenset({"representative", "lawyer", "guardian"})


def add_party(state: Complaint, command: c.AddParty, ctx: Context) -> list[e.ComplaintEvent]:
    """A party has one role. Who acts for another begins without a verified authority."""
    named = command.customer_id or command.contact
    if state.anonymity == "anonymous" and command.role == "complainant" and named:
        raise Refused("identity-given", "an anonymous complaint does not name the complainant")
    party_id = command.party_id or ctx.new_id
    known = _party(state, party_id)
    if known is not None:
        if known.role == command.role:
            return []
        raise Refused("party-known", f"the party is the {known.role}; remove it before it gets another role")
    return [
        e.PartyAdded(
            party_id=party_id,
            role=command.role,
            customer_id=command.customer_id,
            contact=command.contact and plain(command.contact, values.Contact),
        )
    ]


def remove_party(state: Complaint, command: c.RemoveParty) -> list[e.ComplaintEvent]:
    party = _known(state, command.party_id)
    return [e.PartyRemoved(party_id=party.party_id, role=party.role, reason=command.reason)]


def verify_authority(state: Complaint, command: c.VerifyAuthority) -> list[e.ComplaintEvent]:
    party = _known(state, command.party_id)
    if party.role not in ACTS_FOR_ANOTHER:
        raise Refused("no-authority-needed", f"the {party.role} speaks for nobody else")
    if party.verified:
        return []
    return [e.AuthorityVerified(party_id=party.party_id, role=party.role, evidence=command.evidence)]


def _known(state: Complaint, party_id: UUID) -> Party:
    party = _party(state, party_id)
    if party is None:
        raise Refused("unknown-party", f"the complaint has no party {party_id}")
    return party


def _party(state: Complaint, party_id: UUID) -> Party | None:
    return next((party for party in state.parties if party.party_id == party_id), None)
