"""Other systems' complaints and logs through the usual commands: `docs/importing.md`."""

from infra.importing.loading import load_mapping, packaged
from infra.importing.mapping import Mapping, outcomes, uses
from infra.importing.nodes import BadMapping
from infra.importing.reading import FileRefused
from infra.importing.reporting import Progress, Report
from infra.importing.running import run

__all__ = [
    "BadMapping",
    "FileRefused",
    "Mapping",
    "Progress",
    "Report",
    "load_mapping",
    "outcomes",
    "packaged",
    "run",
    "uses",
]
