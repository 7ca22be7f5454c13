"""Policies and calendars: all their versions, which one is in force, and who is asked to put one in force."""

from projections.sla_documents.queries import Calendars, Policies, calendar, calendars, policies, policy
from projections.sla_documents.rows import CalendarDetail, PolicyDetail
from projections.sla_documents.view import VIEW

__all__ = [
    "VIEW",
    "CalendarDetail",
    "Calendars",
    "Policies",
    "PolicyDetail",
    "calendar",
    "calendars",
    "policies",
    "policy",
]
