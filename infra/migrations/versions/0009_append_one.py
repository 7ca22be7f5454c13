"""A command that comes alone is appended row by row: sets cost more to set up than it has rows."""

from alembic import op

revision = "0009_append_one"
down_revision = "0008_staff"

APPEND_ONE = """
-- Appends the events of one command as `append` does those of a batch of one: the same verdict and rows.
CREATE FUNCTION append_one(
    stream uuid, kind text, expected integer, actor text, command_key text, command_digest bytea, wanted text,
    wrapped_key bytea, correlation text, causation text, origin text, tags text[], times timestamptz[],
    bodies bytea[],
    OUT verdict text, OUT stream_id uuid, OUT first_version integer, OUT last_version integer,
    OUT first_position bigint, OUT recorded_at timestamptz
)
LANGUAGE plpgsql
SET lock_timeout = '5s'
AS $$
#variable_conflict use_column
DECLARE
    events  integer := cardinality(tags);
    head    bigint;
    version integer;
    digest  bytea;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE 'append needs READ COMMITTED: an older snapshot does not show what others appended last';
    END IF;
    PERFORM pg_advisory_xact_lock('events'::regclass::oid::integer, 0);
    SELECT e.position, e.recorded_at INTO head, recorded_at FROM events e ORDER BY e.position DESC LIMIT 1;
    head := coalesce(head, 0);
    recorded_at := greatest(clock_timestamp(), recorded_at);

    SELECT i.digest, i.stream_id, i.first_version, i.last_version
      INTO digest, stream_id, first_version, last_version
      FROM idempotency i WHERE i.actor = append_one.actor AND i.key = command_key;
    IF FOUND THEN
        verdict := CASE WHEN digest = command_digest THEN 'replayed' ELSE 'reused' END;
        RETURN;
    END IF;
    first_version := expected;
    last_version := expected + events;
    IF wanted IS NOT NULL THEN
        SELECT c.stream_id INTO stream_id FROM claims c WHERE c.claim = wanted;
        IF FOUND THEN
            verdict := 'claimed';
            RETURN;
        END IF;
    END IF;
    stream_id := stream;
    SELECT e.version INTO version FROM events e WHERE e.stream_id = stream ORDER BY e.version DESC LIMIT 1;
    IF coalesce(version, 0) <> expected THEN
        verdict := 'conflict';
        last_version := coalesce(version, 0);
        RETURN;
    END IF;
    IF expected > 0 AND wrapped_key IS NOT NULL THEN
        PERFORM FROM stream_keys k WHERE k.stream_id = stream;
        IF NOT FOUND THEN
            verdict := 'conflict';
            RETURN;
        END IF;
    END IF;

    verdict := 'accepted';
    first_position := head + 1;
    FOR n IN 1 .. events LOOP
        INSERT INTO events VALUES (
            head + n, stream, append_one.kind, expected + n, tags[n], times[n], append_one.recorded_at,
            append_one.actor, append_one.correlation, append_one.causation, append_one.origin, bodies[n],
            leaf_of(head + n, stream, append_one.kind, expected + n, tags[n], times[n],
                    append_one.recorded_at, append_one.actor, append_one.correlation, append_one.causation,
                    append_one.origin, bodies[n]));
    END LOOP;
    IF events > 0 THEN
        PERFORM pg_notify(current_schema(), '');
    END IF;
    IF expected = 0 AND wrapped_key IS NOT NULL THEN
        INSERT INTO stream_keys VALUES (stream, wrapped_key);
    END IF;
    IF wanted IS NOT NULL THEN
        INSERT INTO claims VALUES (wanted, stream);
    END IF;
    IF command_key IS NOT NULL THEN
        INSERT INTO idempotency VALUES (append_one.actor, command_key, command_digest, stream, expected,
                                        last_version, append_one.recorded_at);
    END IF;
END $$;
GRANT EXECUTE ON FUNCTION append_one TO {app};
"""


def upgrade() -> None:
    """Add the function."""
    app = op.get_context().opts["app_role"]
    op.get_bind().exec_driver_sql(APPEND_ONE.format(app=app).replace("%", "%%"))


def downgrade() -> None:
    """Drop the function: the code before this migration does not call it."""
    op.get_bind().exec_driver_sql("DROP FUNCTION append_one")
