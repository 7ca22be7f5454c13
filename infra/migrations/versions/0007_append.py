"""Appending in half the time, for one caller above all: fewer steps in PostgreSQL, with the same verdicts."""

from alembic import op

revision = "0007_append"
down_revision = "0006_purge"

APPEND = """
-- Appends the events of many commands in one transaction, each command with a verdict of its own:
--   accepted    its events are in the log
--   replayed    its key is known, with the same digest: stream and versions are those of the first time
--   reused      its key is known, with another digest
--   claimed     its claim is taken, by the stream given back
--   conflict    its stream has moved on, to the version given back, or the key it sealed with was destroyed
-- The wrapped key of a new stream is recorded; that of another must be there already.
-- At most one command a stream, key and claim in a call. Nobody else appends while the lock is held.
-- An element of an array parameter is read in constant time: PL/pgSQL keeps arrays taken apart.
-- The caller's session keeps generic plans that use the indexes: there are no others to look up by.
CREATE OR REPLACE FUNCTION append(
    stream_ids uuid[], kinds text[], expected integer[], lengths integer[], actors text[], keys text[],
    digests bytea[], wanted text[], wrapped_keys bytea[], correlations text[], causations text[],
    origins text[], commands integer[], tags text[], times timestamptz[], bodies bytea[]
) RETURNS TABLE (verdict text, stream_id uuid, first_version integer, last_version integer,
                 first_position bigint, recorded_at timestamptz)
LANGUAGE plpgsql
SET lock_timeout = '5s'
AS $$
#variable_conflict use_column
DECLARE
    head   bigint;
    before integer := 0;  -- events of the commands before this one, accepted or not
    starts bigint[];      -- of each command, the position before its first event; none if it is not accepted
    counts integer[];     -- of each command, the number of events before its first in the call
    c      record;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE 'append needs READ COMMITTED: an older snapshot does not show what others appended last';
    END IF;
    -- Two integers: locks of this form cannot collide with those of one bigint, which everybody else uses.
    PERFORM pg_advisory_xact_lock('events'::regclass::oid::integer, 0);
    SELECT e.position, e.recorded_at INTO head, recorded_at FROM events e ORDER BY e.position DESC LIMIT 1;
    head := coalesce(head, 0);
    recorded_at := greatest(clock_timestamp(), recorded_at);

    FOR c IN
        SELECT i, known.digest, known.stream_id AS known, known.first_version AS first,
               known.last_version AS last, taken.stream_id AS taken, kept.stream_id AS kept,
               coalesce(stream.version, 0) AS version
          FROM generate_series(1, cardinality(stream_ids)) i
               LEFT JOIN idempotency known ON known.actor = actors[i] AND known.key = keys[i]
               LEFT JOIN claims taken ON taken.claim = wanted[i]
               LEFT JOIN stream_keys kept
                      ON kept.stream_id = stream_ids[i] AND expected[i] > 0 AND wrapped_keys[i] IS NOT NULL
               LEFT JOIN LATERAL (SELECT e.version FROM events e WHERE e.stream_id = stream_ids[i]
                                   ORDER BY e.version DESC LIMIT 1) stream ON true
         ORDER BY i
    LOOP
        stream_id := stream_ids[c.i];
        first_version := expected[c.i];
        last_version := expected[c.i] + lengths[c.i];
        first_position := NULL;
        IF c.digest IS NOT NULL THEN
            verdict := CASE WHEN c.digest = digests[c.i] THEN 'replayed' ELSE 'reused' END;
            stream_id := c.known;
            first_version := c.first;
            last_version := c.last;
        ELSIF c.taken IS NOT NULL THEN
            verdict := 'claimed';
            stream_id := c.taken;
        ELSIF c.version <> expected[c.i] THEN
            verdict := 'conflict';
            last_version := c.version;
        ELSIF expected[c.i] > 0 AND wrapped_keys[c.i] IS NOT NULL AND c.kept IS NULL THEN
            verdict := 'conflict';
        ELSE
            verdict := 'accepted';
            first_position := head + 1;
            starts[c.i] := head;
            head := head + lengths[c.i];
        END IF;
        counts[c.i] := before;
        before := before + lengths[c.i];
        RETURN NEXT;
    END LOOP;

    INSERT INTO events
    SELECT n.*, leaf_of(n.position, n.stream_id, n.kind, n.version, n.tag, n.occurred_at, n.recorded_at,
                        n.actor, n.correlation, n.causation, n.origin, n.body)
      FROM (SELECT starts[i] + e - counts[i] AS position, stream_ids[i] AS stream_id, kinds[i] AS kind,
                   expected[i] + e - counts[i] AS version, tags[e] AS tag, times[e] AS occurred_at,
                   append.recorded_at, actors[i] AS actor, correlations[i] AS correlation,
                   causations[i] AS causation, origins[i] AS origin, bodies[e] AS body
              FROM generate_series(1, cardinality(tags)) e, LATERAL (SELECT commands[e] AS i) command
             WHERE starts[i] IS NOT NULL) n;
    IF FOUND THEN
        PERFORM pg_notify(current_schema(), '');
    END IF;
    INSERT INTO stream_keys
    SELECT stream_ids[i], wrapped_keys[i] FROM generate_series(1, cardinality(stream_ids)) i
     WHERE starts[i] IS NOT NULL AND expected[i] = 0 AND wrapped_keys[i] IS NOT NULL;
    IF cardinality(array_remove(wanted, NULL)) > 0 THEN
        INSERT INTO claims
        SELECT wanted[i], stream_ids[i] FROM generate_series(1, cardinality(stream_ids)) i
         WHERE starts[i] IS NOT NULL AND wanted[i] IS NOT NULL;
    END IF;
    INSERT INTO idempotency
    SELECT actors[i], keys[i], digests[i], stream_ids[i], expected[i], expected[i] + lengths[i],
           append.recorded_at
      FROM generate_series(1, cardinality(stream_ids)) i
     WHERE starts[i] IS NOT NULL AND keys[i] IS NOT NULL;
END $$;
"""


def upgrade() -> None:
    """Replace the function."""
    op.get_bind().exec_driver_sql(APPEND.replace("%", "%%"))


def downgrade() -> None:
    """There is no way back: a log is never dropped by a migration."""
    raise NotImplementedError("the log is never dropped by a migration")
