"""The audit trail: the history of one complaint, and every event across all of them."""

from projections.audit.history import HistoryEntry, history, until
from projections.audit.text import readable
from projections.audit.view import VIEW, Trail, TrailEntry, trail

__all__ = ["VIEW", "HistoryEntry", "Trail", "TrailEntry", "history", "readable", "trail", "until"]
