"""Other systems' complaints, one row of a file each, through the usual commands: `docs/importing.md`."""

from infra.importing.loading import BadMapping, load_mapping, packaged
from infra.importing.mapping import Mapping, uses
from infra.importing.reading import FileRefused
from infra.importing.running import Progress, Report, run

__all__ = [
    "BadMapping",
    "FileRefused",
    "Mapping",
    "Progress",
    "Report",
    "load_mapping",
    "packaged",
    "run",
    "uses",
]
