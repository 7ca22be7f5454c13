"""Old idempotency keys are found by whose they are: forgetting some passes over none of the others."""

from alembic import op

revision = "0006_purge"
down_revision = "0005_jobs"

INDEXES = """
CREATE INDEX idempotency_own ON idempotency (recorded_at) WHERE key ~ '^~[0-9a-f]{32}$';
CREATE INDEX idempotency_given ON idempotency (recorded_at) WHERE key !~ '^~[0-9a-f]{32}$';
DROP INDEX idempotency_recorded_at;
"""


def upgrade() -> None:
    """Have two indexes in the place of one: each key is in one of them."""
    op.get_bind().exec_driver_sql(INDEXES)


def downgrade() -> None:
    """Have one index again."""
    op.get_bind().exec_driver_sql(
        """CREATE INDEX idempotency_recorded_at ON idempotency (recorded_at);
           DROP INDEX idempotency_own, idempotency_given"""
    )
