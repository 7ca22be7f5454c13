"""Complaints: the worklist and each case, as far as the view has read."""

from projections.complaints.items import ComplaintDetail, ComplaintItem, as_of
from projections.complaints.queries import Sort, Worklist, by_protocol, detail, worklist
from projections.complaints.rows import OpenAsk, OpenProposal, Resolution
from projections.complaints.view import VIEW

__all__ = [
    "VIEW",
    "ComplaintDetail",
    "ComplaintItem",
    "OpenAsk",
    "OpenProposal",
    "Resolution",
    "Sort",
    "Worklist",
    "as_of",
    "by_protocol",
    "detail",
    "worklist",
]
