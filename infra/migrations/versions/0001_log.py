"""The log: events, stream keys, idempotency, claims, access keys, and the one function that appends."""

from alembic import op

revision = "0001_log"
down_revision = None

TABLES = """
CREATE TABLE events (
    position    bigint      PRIMARY KEY,
    stream_id   uuid        NOT NULL,
    kind        text        NOT NULL,
    version     integer     NOT NULL CHECK (version > 0),
    tag         text        NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    actor       text        NOT NULL,
    correlation text        NOT NULL,
    causation   text,
    origin      text        NOT NULL CHECK (origin IN ('live', 'import', 'system')),
    body        bytea       NOT NULL,
    leaf        bytea       NOT NULL CHECK (octet_length(leaf) = 32),
    UNIQUE (stream_id, version)
);

CREATE TABLE stream_keys (
    stream_id uuid  PRIMARY KEY,
    wrapped   bytea NOT NULL
);

CREATE TABLE idempotency (
    actor         text        NOT NULL,
    key           text        NOT NULL,
    digest        bytea       NOT NULL,
    stream_id     uuid        NOT NULL,
    first_version integer     NOT NULL,
    last_version  integer     NOT NULL,
    recorded_at   timestamptz NOT NULL,
    PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_recorded_at ON idempotency (recorded_at);

CREATE TABLE claims (
    claim     text PRIMARY KEY,
    stream_id uuid NOT NULL
);

CREATE TABLE access_keys (
    id         uuid        PRIMARY KEY,
    digest     bytea       NOT NULL UNIQUE,
    subject    text        NOT NULL,
    roles      text[]      NOT NULL,
    sector     text,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz
);

CREATE SEQUENCE protocol_numbers INCREMENT BY 100;
"""

GUARDS = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
        MESSAGE = TG_OP || ' on ' || TG_TABLE_NAME || ' refused: the log is append-only';
END $$;

CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER claims_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON claims
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER stream_keys_not_changed BEFORE UPDATE OR TRUNCATE ON stream_keys
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- ALWAYS: also where session_replication_role is `replica`.
ALTER TABLE events ENABLE ALWAYS TRIGGER events_append_only;
ALTER TABLE claims ENABLE ALWAYS TRIGGER claims_append_only;
ALTER TABLE stream_keys ENABLE ALWAYS TRIGGER stream_keys_not_changed;
"""

LEAF = """
CREATE FUNCTION framed(field bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(int4send(octet_length(field)) || field, int4send(-1));

-- RFC 6962 leaf hash of the canonical encoding: each column but the leaf, in the table's order, in
-- PostgreSQL's binary format (text in UTF-8), preceded by its length in four bytes (-1 for NULL).
CREATE FUNCTION leaf_of(
    "position" bigint, stream_id uuid, kind text, version integer, tag text, occurred_at timestamptz,
    recorded_at timestamptz, actor text, correlation text, causation text, origin text, body bytea
) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(
    '\\x00'::bytea
    || framed(int8send("position")) || framed(uuid_send(stream_id)) || framed(convert_to(kind, 'UTF8'))
    || framed(int4send(version)) || framed(convert_to(tag, 'UTF8'))
    || framed(timestamptz_send(occurred_at)) || framed(timestamptz_send(recorded_at))
    || framed(convert_to(actor, 'UTF8')) || framed(convert_to(correlation, 'UTF8'))
    || framed(convert_to(causation, 'UTF8')) || framed(convert_to(origin, 'UTF8')) || framed(body)
);
"""

APPEND = """
-- Appends the events of many commands in one transaction, each command with a verdict of its own:
--   accepted    its events are in the log
--   replayed    its key is known, with the same digest: stream and versions are those of the first time
--   reused      its key is known, with another digest
--   claimed     its claim is taken, by the stream given back
--   conflict    its stream has moved on, to the version given back
-- At most one command a stream, key and claim in a call. Nobody else appends while the lock is held.
CREATE FUNCTION append(
    stream_ids uuid[], kinds text[], expected integer[], lengths integer[], actors text[], keys text[],
    digests bytea[], wanted text[], wrapped_keys bytea[], correlations text[], causations text[],
    origins text[], commands integer[], tags text[], times timestamptz[], bodies bytea[]
) RETURNS TABLE (verdict text, stream_id uuid, first_version integer, last_version integer,
                 first_position bigint, recorded_at timestamptz)
LANGUAGE plpgsql
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
SET lock_timeout = '5s'
AS $$
#variable_conflict use_column
DECLARE
    head     bigint := 0;
    instant  timestamptz := '-infinity';
    verdicts text[];
    owners   uuid[];
    firsts   integer[];
    lasts    integer[];
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE 'append needs READ COMMITTED: an older snapshot does not show what others appended last';
    END IF;
    -- Two integers: locks of this form cannot collide with those of one bigint, which everybody else uses.
    PERFORM pg_advisory_xact_lock('events'::regclass::oid::integer, 0);
    SELECT e.position, e.recorded_at INTO head, instant FROM events e ORDER BY e.position DESC LIMIT 1;
    head := coalesce(head, 0);
    instant := greatest(clock_timestamp(), instant);

    SELECT array_agg(CASE WHEN known.digest = c.digest THEN 'replayed'
                          WHEN known.digest IS NOT NULL THEN 'reused'
                          WHEN taken.stream_id IS NOT NULL THEN 'claimed'
                          WHEN stream.version <> c.expected THEN 'conflict'
                          ELSE 'accepted' END ORDER BY c.ordinal),
           array_agg(coalesce(known.stream_id, taken.stream_id, c.stream_id) ORDER BY c.ordinal),
           array_agg(coalesce(known.first_version, c.expected) ORDER BY c.ordinal),
           array_agg(CASE WHEN known.digest IS NOT NULL THEN known.last_version
                          WHEN stream.version <> c.expected THEN stream.version
                          ELSE c.expected + c.length END ORDER BY c.ordinal)
      INTO verdicts, owners, firsts, lasts
      FROM unnest(stream_ids, expected, lengths, actors, keys, digests, wanted)
           WITH ORDINALITY AS c (stream_id, expected, length, actor, key, digest, claim, ordinal)
           LEFT JOIN LATERAL (SELECT i.digest, i.stream_id, i.first_version, i.last_version
                                FROM idempotency i
                               WHERE i.actor = c.actor AND i.key = c.key LIMIT 1) known ON true
           LEFT JOIN LATERAL (SELECT k.stream_id FROM claims k WHERE k.claim = c.claim LIMIT 1) taken ON true
           CROSS JOIN LATERAL (SELECT coalesce(max(e.version), 0) AS version
                                 FROM events e WHERE e.stream_id = c.stream_id) stream;

    INSERT INTO events
    SELECT n.*, leaf_of(n.position, n.stream_id, n.kind, n.version, n.tag, n.occurred_at, n.recorded_at,
                        n.actor, n.correlation, n.causation, n.origin, n.body)
      FROM (SELECT head + row_number() OVER (ORDER BY e.ordinal) AS position, c.stream_id, c.kind,
                   (c.expected + row_number() OVER (PARTITION BY e.command ORDER BY e.ordinal))::integer
                       AS version, e.tag, e.occurred_at, instant AS recorded_at, c.actor, c.correlation,
                   c.causation, c.origin, e.body
              FROM unnest(commands, tags, times, bodies)
                   WITH ORDINALITY AS e (command, tag, occurred_at, body, ordinal)
              JOIN unnest(stream_ids, kinds, expected, actors, correlations, causations, origins, verdicts)
                   WITH ORDINALITY AS c (stream_id, kind, expected, actor, correlation, causation, origin,
                                         verdict, ordinal) ON c.ordinal = e.command
             WHERE c.verdict = 'accepted') n;
    IF FOUND THEN
        PERFORM pg_notify(current_schema(), '');
    END IF;

    INSERT INTO stream_keys
    SELECT c.stream_id, c.wrapped
      FROM unnest(stream_ids, wrapped_keys, verdicts) AS c (stream_id, wrapped, verdict)
     WHERE c.verdict = 'accepted' AND c.wrapped IS NOT NULL;
    INSERT INTO claims
    SELECT c.claim, c.stream_id FROM unnest(stream_ids, wanted, verdicts) AS c (stream_id, claim, verdict)
     WHERE c.verdict = 'accepted' AND c.claim IS NOT NULL;
    INSERT INTO idempotency
    SELECT c.actor, c.key, c.digest, c.stream_id, c.expected, c.expected + c.length, instant
      FROM unnest(stream_ids, expected, lengths, actors, keys, digests, verdicts)
           AS c (stream_id, expected, length, actor, key, digest, verdict)
     WHERE c.verdict = 'accepted' AND c.key IS NOT NULL;

    RETURN QUERY
    SELECT c.verdict, c.owner, c.first, c.last,
           CASE WHEN c.verdict = 'accepted' THEN
               head + 1
               + coalesce(sum(c.length) FILTER (WHERE c.verdict = 'accepted') OVER before, 0)::bigint END,
           instant
      FROM unnest(verdicts, owners, firsts, lasts, lengths)
           WITH ORDINALITY AS c (verdict, owner, first, last, length, ordinal)
    WINDOW before AS (ORDER BY c.ordinal ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
     ORDER BY c.ordinal;
END $$;
"""

GRANTS = """
GRANT SELECT, INSERT ON events, claims TO {app};
GRANT SELECT, INSERT, DELETE ON stream_keys, idempotency TO {app};
GRANT SELECT, INSERT ON access_keys TO {app};
GRANT UPDATE (revoked_at) ON access_keys TO {app};
GRANT USAGE ON protocol_numbers TO {app};
GRANT EXECUTE ON FUNCTION append, leaf_of, framed TO {app};
"""


def upgrade() -> None:
    """Create the log in the schema that is first in the search path."""
    app = op.get_context().opts["app_role"]
    for statement in (TABLES, GUARDS, LEAF, APPEND, GRANTS.format(app=app)):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """There is no way back: a log is never dropped by a migration."""
    raise NotImplementedError("the log is never dropped by a migration")
