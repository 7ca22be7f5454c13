"""How far each webhook has come, and its deliveries: what the log cannot tell."""

from alembic import op

revision = "0003_webhooks"
down_revision = "0002_append"

TABLES = """
-- Up to `position` the log was looked through; of what matched, all is delivered or has a row below.
CREATE TABLE webhook_standings (
    webhook_id    uuid        PRIMARY KEY,
    position      bigint      NOT NULL,
    matched       bigint      NOT NULL,  -- the last event that matched: the next one covers from behind it
    instructed    bigint      NOT NULL,  -- the last event of the webhook itself that was carried out
    failures      integer     NOT NULL DEFAULT 0,  -- in a row
    failing_since timestamptz
);

-- Of the open deliveries of one stream, the first is retrying or parked, the others are waiting.
CREATE TABLE webhook_deliveries (
    webhook_id      uuid        NOT NULL,
    position        bigint      NOT NULL,
    stream_id       uuid        NOT NULL,
    covers_from     bigint      NOT NULL,
    status          text        NOT NULL
                    CHECK (status IN ('waiting', 'retrying', 'parked', 'delivered', 'skipped')),
    open            boolean     GENERATED ALWAYS AS (status IN ('waiting', 'retrying', 'parked')) STORED,
    attempts        integer     NOT NULL,
    next_try_at     timestamptz,
    attempted_at    timestamptz,
    response_status integer,
    response        text,
    error           text,
    seconds         float8,
    PRIMARY KEY (webhook_id, position)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, next_try_at)
    WHERE status = 'retrying';
CREATE INDEX webhook_deliveries_open ON webhook_deliveries (webhook_id, stream_id, position) WHERE open;
CREATE INDEX webhook_deliveries_status ON webhook_deliveries (webhook_id, status, position);
"""
GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_standings, webhook_deliveries TO {app};
"""


def upgrade() -> None:
    """Create the tables in the schema that is first in the search path."""
    app = op.get_context().opts["app_role"]
    for statement in (TABLES, GRANTS.format(app=app)):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Forget what was delivered and what waits."""
    op.get_bind().exec_driver_sql("DROP TABLE webhook_deliveries, webhook_standings")
