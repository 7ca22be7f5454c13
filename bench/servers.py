"""What the HTTP benchmark compares with: `python -m bench.servers APP SERVER PORT`."""

import os
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI
from granian import Granian
from granian.constants import Interfaces, Loops
from litestar import Litestar, Request, Response, post
from pydantic import BaseModel
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from api.app import create_app
from api.server import config, spare_collections
from infra.logs import configure
from infra.settings import Settings


@post(["/v1/complaints", "/v1/complaints/{stream_id:uuid}/{command:str}"])
async def nothing(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Read the body and answer; no more."""
    await request.body()
    return Response(b"{}", media_type="application/json")


def noop() -> Any:
    """The least that Litestar can do for a POST."""
    return Litestar(route_handlers=[nothing], openapi_config=None, logging_config=None)


class Base(DeclarativeBase):
    """Its tables."""


class TicketRow(Base):
    """One row a ticket: no history, no idempotency, no encryption."""

    __tablename__ = "tickets"
    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str]
    description: Mapped[str]
    channel: Mapped[str]
    product: Mapped[str]


class Ticket(BaseModel):
    """The body of a ticket."""

    subject: str
    description: str
    channel: str
    product: str


def plain() -> Any:
    """FastAPI with SQLAlchemy as their tutorials have it: a session a request, add, commit, refresh."""
    app = FastAPI()
    url = os.environ["OUVIDORIA_DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url, pool_size=40)  # as many as the threads that wait for one
    Base.metadata.create_all(engine)

    def session() -> Iterator[Session]:
        with Session(engine) as found:
            yield found

    @app.post("/v1/complaints", status_code=201)
    def create(ticket: Ticket, session: Annotated[Session, Depends(session)]) -> Ticket:
        row = TicketRow(**ticket.model_dump())
        session.add(row)
        session.commit()
        session.refresh(row)
        return Ticket.model_validate(row, from_attributes=True)

    return app


def ours() -> Any:
    """The service's API."""
    settings = Settings.load()
    configure(settings)
    return create_app(settings)


def main(app: str, server: str, port: int) -> None:
    """Serve with uvicorn as `api.server` does, or with granian: one process, one thread, the same app."""
    if server == "uvicorn":
        served = uvicorn.Server(config(APPS[app](), host="127.0.0.1", port=port))
        spare_collections()
        served.run()
        return
    Granian(
        f"bench.servers:{app}",
        port=port,
        interface=Interfaces.ASGI,
        factory=True,
        workers=1,
        runtime_threads=1,
        loop=Loops.uvloop,
        websockets=False,
        backlog=2048,
        log_enabled=False,
    ).serve()


APPS = {"noop": noop, "plain": plain, "ours": ours}

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
