"""The long texts of a complaint and the words to search them by, in a table of their own."""

from collections.abc import Sequence
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct
from msgspec.structs import replace
from psycopg.rows import tuple_row

from domain.complaint import events as e
from domain.complaint.values import Contact, SubjectRef
from domain.messages import Event
from infra.events import Recorded
from infra.rows import write
from projections.complaints.search import words

SAMPLE: LiteralString = "uuid_hash(complaint_id) & 1023 = 0"
"""Which complaints words and sectors are counted in first."""
DDL = f"""
CREATE TABLE IF NOT EXISTS complaints_text_4 (
    complaint_id  uuid     PRIMARY KEY,
    subject       text     NOT NULL,
    description   text     NOT NULL,
    contact       json,
    remedy_sought text,
    subject_refs  json     NOT NULL,
    document      tsvector NOT NULL
);
CREATE INDEX IF NOT EXISTS complaints_text_4_document ON complaints_text_4 USING gin (document);
CREATE INDEX IF NOT EXISTS complaints_text_4_sample ON complaints_text_4 USING gin (document) WHERE {SAMPLE};
"""
READ: LiteralString = """
SELECT json_agg(t)::text
  FROM (SELECT complaint_id, subject, description, contact, remedy_sought, subject_refs
          FROM complaints_text_4 WHERE complaint_id = ANY(%s)) t"""
WRITE = b"""
INSERT INTO complaints_text_4
       (complaint_id, subject, description, contact, remedy_sought, subject_refs, document)
SELECT complaint_id, subject, description, contact, remedy_sought, subject_refs,
       to_tsvector('pg_catalog.portuguese', portuguese) || to_tsvector('pg_catalog.spanish', spanish)
       || to_tsvector('pg_catalog.english', english)
  FROM json_to_recordset(%s) AS t (
       complaint_id uuid, subject text, description text, contact json, remedy_sought text, subject_refs json,
       portuguese text, spanish text, english text)
    ON CONFLICT (complaint_id) DO UPDATE
   SET (subject, description, contact, remedy_sought, subject_refs, document)
     = (excluded.subject, excluded.description, excluded.contact, excluded.remedy_sought,
        excluded.subject_refs, excluded.document)"""

CORRECTED = ("subject", "description", "contact", "remedy_sought", "subject_refs")


class Texts(Struct, frozen=True, kw_only=True):
    """What is long and seldom changes; the fields are columns of `complaints_text_4`."""

    complaint_id: UUID
    subject: str
    description: str
    contact: Contact | None = None
    remedy_sought: str | None = None
    subject_refs: tuple[SubjectRef, ...] = ()


def fold_texts(texts: Texts | None, recorded: Recorded[Event]) -> Texts | None:
    """The complaint's long texts after an event; the same object where they are unchanged."""
    event = recorded.event
    if isinstance(event, e.ComplaintRegistered):
        return Texts(
            complaint_id=recorded.stream_id,
            subject=event.subject,
            description=event.description,
            contact=event.contact,
            remedy_sought=event.remedy_sought,
            subject_refs=event.subject_refs or (),
        )
    if isinstance(event, e.ComplaintCorrected) and texts is not None:
        return _corrected(texts, event)
    return texts


async def apply_texts(connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
    """Fold the events of complaints into the table; few of them touch it."""
    touching = [
        each for each in events if isinstance(each.event, e.ComplaintRegistered | e.ComplaintCorrected)
    ]
    corrected = {each.stream_id for each in touching if isinstance(each.event, e.ComplaintCorrected)}
    before = await _read(connection, list(corrected)) if corrected else {}
    after: dict[UUID, Texts | None] = {**before}
    for each in touching:
        after[each.stream_id] = fold_texts(after.get(each.stream_id), each)
    changed = [texts for key, texts in after.items() if texts is not None and texts is not before.get(key)]
    if changed:
        rows = [indexed(texts) for texts in changed]
        await write(connection, WRITE, [msgspec.json.encode(rows).decode()])


def _corrected(texts: Texts, event: e.ComplaintCorrected) -> Texts:
    changes: dict[str, Any] = {name: None for name in event.removed if name in CORRECTED}
    changes |= {name: value for name in CORRECTED if (value := getattr(event, name)) is not None}
    if "subject_refs" in changes:
        changes["subject_refs"] = changes["subject_refs"] or ()
    return replace(texts, **changes) if changes else texts


async def _read(connection: psycopg.AsyncConnection[Any], ids: list[UUID]) -> dict[UUID, Texts]:
    async with connection.cursor(row_factory=tuple_row) as cursor:
        found = await (await cursor.execute(READ, [ids])).fetchone()
    stored = msgspec.json.decode(found[0], type=list[Texts]) if found and found[0] else []
    return {texts.complaint_id: texts for texts in stored}


def indexed(texts: Texts) -> dict[str, Any]:
    searched = words("\n".join(filter(None, (texts.subject, texts.description, texts.remedy_sought))))
    return {**msgspec.structs.asdict(texts), **searched._asdict()}
