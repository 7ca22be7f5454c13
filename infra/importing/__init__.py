"""Other systems' complaints, one row of a file each, through the usual commands: `docs/importing.md`."""

from infra.importing.mapping import BadMapping, Mapping, load_mapping, packaged, uses
from infra.importing.reading import FileRefused
from infra.importing.run import Progress, Report, run

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
