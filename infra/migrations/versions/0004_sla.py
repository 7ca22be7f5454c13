"""Policies and calendars are found in the log at once, however long it is."""

from alembic import op

revision = "0004_sla"
down_revision = "0003_webhooks"

# The condition is written as `infra.reference` asks: only so does the index serve it.
INDEX = """
CREATE INDEX events_sla ON events (position) WHERE kind IN ('sla-policy', 'sla-calendar');
"""


def upgrade() -> None:
    """Create the index; no column and no function changes, so the code now running works on."""
    op.get_bind().exec_driver_sql(INDEX)


def downgrade() -> None:
    """There is no way back: a log is never dropped by a migration."""
    raise NotImplementedError("the log is never dropped by a migration")
