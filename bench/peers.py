"""The `eventsourcing` library's own projection runner, over our log and into the rows of our view."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from eventsourcing.persistence import Mapper, Notification, Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool

from infra.events import ROW, Recorded, Row, recorded
from infra.library import LogRecorder, Replay
from infra.vault import Vault
from projections.complaints.row import Row as ComplaintRow
from projections.complaints.rows import fold
from projections.complaints.texts import WRITE, Texts, fold_texts, indexed

SCHEMA = "peer"
COLUMNS = ", ".join(f'"{name}"' for name in ComplaintRow.__struct_fields__)
EXCLUDED = ", ".join(f'excluded."{name}"' for name in ComplaintRow.__struct_fields__)
UPSERT = f"""INSERT INTO {SCHEMA}.complaints_4 ({COLUMNS})
             SELECT {COLUMNS} FROM json_populate_record(NULL::{SCHEMA}.complaints_4, %s)
                 ON CONFLICT (complaint_id) DO UPDATE SET ({COLUMNS}) = ROW ({EXCLUDED})"""  # noqa: S608 - names of our own
UPSERT_TEXTS = WRITE.decode().replace("complaints_text_4", f"{SCHEMA}.complaints_text_4")
encode = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True)
class RowNotification(Notification):
    """A notification with the whole row, so that the fold has the envelope."""

    row: Row


class WithRows(LogRecorder):
    """Gives notifications with their rows."""

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),  # noqa: ARG002 - the library's signature
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Events from a position on."""
        after = (start or 0) - 1 if inclusive_of_start else (start or 0)
        query = f"""SELECT {ROW} WHERE e.position > %s AND e.position <= coalesce(%s, 9223372036854775807)
                    ORDER BY e.position LIMIT %s"""
        return [
            RowNotification(row.stream_id, row.version, row.tag, row.body, id=row.position, row=row)
            for row in self._rows(query, [after, stop, limit])
        ]


class Decoding(Mapper[UUID]):
    """Decodes as our own readers do."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def to_domain_event(self, stored_event: Any) -> Any:
        """Decrypt and decode."""
        return recorded(stored_event.row, self._vault)


class Complaints(PostgresTrackingRecorder):
    """The view's tables; rows are also kept in memory, so that the peer need not read them back."""

    rows: dict[UUID, ComplaintRow]

    def put(self, row: ComplaintRow, texts: Texts | None, tracking: Tracking) -> None:
        """One upsert with its tracking, in one transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(UPSERT.encode(), [encode(row).decode()], prepare=True)
            if texts is not None:
                cursor.execute(UPSERT_TEXTS.encode(), [encode([indexed(texts)]).decode()], prepare=True)


class Folding(Projection[Complaints]):
    """Folds one event."""

    name = "peer"

    def __init__(self, view: Complaints) -> None:
        super().__init__(view)
        self._rows: dict[UUID, ComplaintRow] = {}

    def process_event(self, domain_event: Recorded[Any], tracking: Tracking) -> None:
        """The row after the event, written at once."""
        row = self._rows[domain_event.stream_id] = fold(self._rows.get(domain_event.stream_id), domain_event)
        self.view.put(row, fold_texts(None, domain_event), tracking)


def run_stock(url: str, vault: Vault, events: int) -> float:
    """Events a second of the stock runner over the first `events` of the log, into tables of its own."""
    with ConnectionPool(url, kwargs={"options": "-c search_path=ouvidoria"}, min_size=1) as pool:

        class Application(Replay):
            """The library's application over our log."""

            def __init__(self, env: object = None) -> None:  # noqa: ARG002 - as the runner calls it
                super().__init__(pool, vault)

            def construct_recorder(self) -> LogRecorder:
                return WithRows(pool)

            def construct_mapper(self) -> Any:
                return Decoding(vault)

        given = conninfo_to_dict(url)
        started = time.perf_counter()
        with ProjectionRunner(
            application_class=Application,
            projection_class=Folding,
            view_class=Complaints,
            env={
                "PERSISTENCE_MODULE": "eventsourcing.postgres",
                "POSTGRES_DBNAME": str(given["dbname"]),
                "POSTGRES_HOST": str(given["host"]),
                "POSTGRES_PORT": str(given["port"]),
                "POSTGRES_USER": str(given["user"]),
                "POSTGRES_PASSWORD": "-",
                "POSTGRES_SCHEMA": SCHEMA,
            },
        ) as runner:
            runner.wait(events, timeout=600)
            return events / (time.perf_counter() - started)
