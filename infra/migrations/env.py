"""Alembic's entry: a connection handed in by `infra.migrating.migrate`, which holds the lock."""

from alembic import context

config = context.config
connection = config.attributes["connection"]
context.configure(
    connection=connection,
    version_table_schema=config.attributes["schema"],
    app_role=config.attributes["app_role"],
)
with context.begin_transaction():
    context.run_migrations()
