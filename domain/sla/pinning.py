"""Which policies hold for a complaint, pinned by version: what `sla-applied` carries."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from domain.complaint.values import ExternalBody, JourneyStage, Kind, Severity
from domain.sla.documents import Layer

Cause = Literal[
    "registered",
    "kind_changed",
    "tier_changed",
    "severity_changed",
    "classified",
    "corrected",
    "customer_relinked",
    "external_case_opened",
    "policy_activated",
    "imported",
]
"""Why policies were applied."""


class Facts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What policies are matched against, as it was known then."""

    kind: Kind = "complaint"
    tier: str | None = None
    severity: Severity | None = None
    channel: str | None = None
    external_bodies: tuple[ExternalBody, ...] = ()
    """Of all outside cases about the complaint."""
    category: str | None = None
    product: str | None = None
    journey_stage: JourneyStage | None = None
    forwarded_from: str | None = None
    tags: tuple[str, ...] = ()


class PinnedPolicy(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A policy and its calendar by version; a calendar's version pins its holidays too."""

    policy: str
    version: int
    layer: Layer
    calendar: str
    calendar_version: int
    holidays: str | None = None
    """The version of the set of holidays, to be read by people."""


class Applied(Struct, frozen=True, kw_only=True, omit_defaults=True):
    policies: tuple[PinnedPolicy, ...]
    facts: Facts
