"""A believable year of a mid-size Brazilian company, generated and told through the normal command path."""

from infra.demo.making import make_plan
from infra.demo.plan import Entry, Plan, Ref, Step
from infra.demo.running import DemoCommands, Progress, Report, run

__all__ = [
    "DemoCommands",
    "Entry",
    "Plan",
    "Progress",
    "Ref",
    "Report",
    "Step",
    "make_plan",
    "run",
]
