"""The parts that the API, the worker and the command line are put together from."""

from datetime import timedelta

from infra.commands import Commands
from infra.database import check_append_only, check_migrated, connect, serving_conninfo
from infra.log import Log, check_master_key
from infra.projector import View, prepare
from infra.reference import Reference
from infra.settings import Settings
from infra.vault import Vault, load_master_key
from projections import audit, complaints, customers, deadlines, sla, sla_documents, sla_due, staff, webhooks

VIEWS: tuple[View, ...] = (
    complaints.VIEW,
    audit.VIEW,
    customers.VIEW,
    deadlines.VIEW,
    sla.VIEW,
    sla_documents.VIEW,
    sla_due.VIEW,
    staff.VIEW,
    webhooks.VIEW,
)

KEYS = 5_000
"""A rebuild goes from stream to stream: it needs the keys of a chunk, and then others."""


def conninfo(settings: Settings) -> str:
    """How serving processes connect."""
    return serving_conninfo(settings.url(), settings.schema)


def open_log(settings: Settings) -> Log:
    """The log, with the keys to read it."""
    return Log(conninfo(settings), Vault(master_key(settings)))


def master_key(settings: Settings) -> bytes:
    """What wraps the keys of the streams."""
    return load_master_key(settings.master_key_file(), settings.master_key)


def open_commands(settings: Settings, events: Log, reference: Reference) -> Commands:
    """The one way in. It decides by the policies in force, as far as they were read."""
    return Commands(
        events,
        reference,
        reopen_window=timedelta(days=settings.reopen_window_days),
        redress_limits=settings.limits_of_redress(),
    )


async def prepare_database(settings: Settings) -> None:
    """Make sure that the role can only append, that the master key is the log's, that the views have tables.

    Raises:
        DatabaseNotReady: the log is not migrated as far as this version needs, or the role may do too much.
        BadMasterKey: the log was sealed with another master key.
    """
    async with await connect(conninfo(settings)) as connection:
        await check_append_only(connection)
        await check_migrated(connection)
        await check_master_key(connection, Vault(master_key(settings)))
        await prepare(connection, VIEWS)
