"""The complaint: its commands, its events, its lifecycle."""

from __future__ import annotations

from typing import get_args

from domain.aggregate import Aggregate
from domain.complaint.commands import ComplaintCommand, SystemCommand
from domain.complaint.decisions import decide
from domain.complaint.events import ComplaintEvent
from domain.complaint.fold import evolve, evolve_case
from domain.complaint.state import Ask, Complaint, Proposal

COMPLAINT = Aggregate(
    "complaint", get_args(ComplaintEvent), get_args(ComplaintCommand), evolve, decide, get_args(SystemCommand)
)

__all__ = [
    "COMPLAINT",
    "Ask",
    "Complaint",
    "ComplaintCommand",
    "ComplaintEvent",
    "Proposal",
    "SystemCommand",
    "decide",
    "evolve",
    "evolve_case",
]
