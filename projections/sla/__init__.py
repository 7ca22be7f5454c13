"""Service levels: the clocks of each complaint, what is at risk, and compliance."""

from projections.sla.clocks import AtRisk, ClockItem, Drill, at_risk, drill
from projections.sla.compliance import Compliance, ComplianceAsked, Group, Period, TooMany, compliance
from projections.sla.of_complaint import ClocksOf, clocks_of
from projections.sla.simulating import DRAFT, NoCalendar, Simulated, Simulation, simulate
from projections.sla.view import VIEW

__all__ = [
    "DRAFT",
    "VIEW",
    "AtRisk",
    "ClockItem",
    "ClocksOf",
    "Compliance",
    "ComplianceAsked",
    "Drill",
    "Group",
    "NoCalendar",
    "Period",
    "Simulated",
    "Simulation",
    "TooMany",
    "at_risk",
    "clocks_of",
    "compliance",
    "drill",
    "simulate",
]
