"""Folds: what is known of the complaint, and whose it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from domain.complaint import events as e
from domain.complaint.state import Complaint, Party

CORRECTED = (
    "anonymity",
    "product",
    "category",
    "journey_stage",
    "severity",
    "received_at",
    "channel",
    "forwarded_from",
    "tags",
)
"""What both the state and a correction hold, by one name."""


def registered(event: e.ComplaintRegistered, at: datetime) -> Complaint:
    return Complaint(
        state="registered",
        protocol=event.protocol,
        kind=event.kind,
        anonymity=event.anonymity,
        changed_at=at,
        registered_at=at,
        received_at=event.received_at,
        customer_id=event.customer_id,
        category=event.category,
        severity=event.severity,
        journey_stage=event.journey_stage,
        product=event.product,
        points=tuple(point.point_id for point in event.points),
        channel=event.channel,
        forwarded_from=event.forwarded_from,
        tags=event.tags,
    )


def classified(state: Complaint, event: e.ComplaintClassified) -> Complaint:
    return replace(
        state,
        category=state.category if event.category is None else event.category,
        severity=state.severity if event.severity is None else event.severity,
        journey_stage=state.journey_stage if event.journey_stage is None else event.journey_stage,
        product=state.product if event.product is None else event.product,
        tags=state.tags if event.tags is None else event.tags,
        vulnerability=state.vulnerability if event.vulnerability is None else event.vulnerability,
        assessment=state.assessment if event.assessment is None else event.assessment,
    )


def corrected(state: Complaint, event: e.ComplaintCorrected) -> Complaint:
    changes: dict[str, Any] = {name: None for name in event.removed if name in CORRECTED}
    changes |= {name: value for name in CORRECTED if (value := getattr(event, name)) is not None}
    if event.points is not None:
        points = tuple(point.point_id for point in event.points)
        changes |= {"points": points, "accepted_points": state.accepted_points.intersection(points)}
    return replace(state, **changes)


def party_added(state: Complaint, event: e.PartyAdded) -> Complaint:
    return replace(state, parties=(*state.parties, Party(party_id=event.party_id, role=event.role)))


def party_removed(state: Complaint, event: e.PartyRemoved) -> Complaint:
    parties = tuple(party for party in state.parties if party.party_id != event.party_id)
    return replace(state, parties=parties)


def authority_verified(state: Complaint, event: e.AuthorityVerified) -> Complaint:
    parties = tuple(
        replace(party, verified=True) if party.party_id == event.party_id else party
        for party in state.parties
    )
    return replace(state, parties=parties)
