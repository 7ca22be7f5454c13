"""Complaints: the worklist and each case, as far as the view has read."""

from projections.complaints.details import ComplaintDetail, ComplaintItem
from projections.complaints.items import OpenAsk, OpenProposal, Resolution
from projections.complaints.queries import Sort, Worklist, as_of, by_protocol, detail, worklist
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
