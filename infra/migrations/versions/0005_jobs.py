"""Jobs: questions whose answer takes long. They change nothing, and are forgotten after a week."""

from alembic import op

revision = "0005_jobs"
down_revision = "0004_sla"

TABLES = """
CREATE TABLE jobs (
    id         uuid        PRIMARY KEY,
    kind       text        NOT NULL,
    asked      bytea       NOT NULL,
    asked_by   text        NOT NULL,
    asked_at   timestamptz NOT NULL DEFAULT now(),
    state      text        NOT NULL DEFAULT 'waiting'
               CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    done       bigint      NOT NULL DEFAULT 0,
    total      bigint      NOT NULL DEFAULT 0,
    touched_at timestamptz NOT NULL DEFAULT now(),
    result     bytea,
    failure    text
);
CREATE INDEX jobs_open ON jobs (asked_at) WHERE state IN ('waiting', 'running');
CREATE INDEX jobs_asked_at ON jobs (asked_at);
"""


def upgrade() -> None:
    """Create the table, which the app role may do everything with."""
    app = op.get_context().opts["app_role"]
    op.get_bind().exec_driver_sql(TABLES)
    op.get_bind().exec_driver_sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON jobs TO {app}")


def downgrade() -> None:
    """Forget all jobs: none is more than a question."""
    op.get_bind().exec_driver_sql("DROP TABLE jobs")
