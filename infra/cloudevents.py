"""Events as CloudEvents 1.0 in JSON: what every subscriber gets, by whatever means it comes."""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from infra.events import SEALED, Row, opened_fields
from infra.vault import Vault

MEDIA_TYPE = "application/cloudevents+json"
BATCH_MEDIA_TYPE = "application/cloudevents-batch+json"
PREFIX = "ouvidoria."
DIGITS = 20
MARK = f'"{SEALED}"'.encode()

_encoder = msgspec.json.Encoder()
_fields = msgspec.json.Decoder(dict[str, Raw])


class CloudEvent(Struct, frozen=True, kw_only=True):
    """An event of the log in the CloudEvents format.

    `id` is `<stream id>/<version>`, `subject` the stream id, `type` the tag after `ouvidoria.`, `sequence`
    the position in twenty digits. `time` is when it happened, `recordedtime` when the log learnt it.
    `correlationid` is the request that caused it, `causationid` the `id` of the event it reacts to.
    `previousversion` is the version that the stream had before; 0: none. The positions from `coversfrom` up
    to `sequence` hold no other event that the reader asked for.
    """

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    sequence: str
    recordedtime: datetime
    correlationid: str
    causationid: str | UnsetType = UNSET
    previousversion: int
    coversfrom: str
    data: Raw | UnsetType = UNSET


def rendered(row: Row, source: str, covers_from: int) -> CloudEvent:
    """The event of a row, in the shape in which it was stored, without its personal fields.

    `covers_from` is the first position that was looked at to find it: its own, if nothing was left out.
    """
    if MARK not in row.body:
        return _event(row, source, covers_from, Raw(row.body))
    fields = _fields.decode(row.body)
    fields.pop(SEALED, None)
    return _event(row, source, covers_from, Raw(_encoder.encode(fields)))


def rendered_in_full(row: Row, source: str, covers_from: int, vault: Vault) -> CloudEvent:
    """The same with its personal fields; where their key is gone they read as erased."""
    return _event(row, source, covers_from, Raw(_encoder.encode(opened_fields(row, vault))))


def thin(event: CloudEvent) -> CloudEvent:
    """The event without what it says: that it happened, and where to look."""
    return msgspec.structs.replace(event, data=UNSET)


def encoded(event: CloudEvent) -> bytes:
    """The event as JSON, on one line."""
    return _encoder.encode(event)


def padded(position: int) -> str:
    """A position as text that sorts like the number."""
    return f"{position:0{DIGITS}}"


def _event(row: Row, source: str, covers_from: int, data: Raw) -> CloudEvent:
    stream = str(row.stream_id)
    return CloudEvent(
        id=f"{stream}/{row.version}",
        source=source,
        type=PREFIX + row.tag,
        subject=stream,
        time=row.occurred_at,
        sequence=padded(row.position),
        recordedtime=row.recorded_at,
        correlationid=row.correlation,
        causationid=row.causation or UNSET,
        previousversion=row.version - 1,
        coversfrom=padded(covers_from),
        data=data,
    )
