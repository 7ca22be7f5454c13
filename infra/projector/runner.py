"""Keeps a follower going: candidature, leadership, and coming back after what passes."""

import asyncio

import structlog

from infra.database import connect, mortal
from infra.projector.checkpoints import try_to_lead
from infra.projector.followers import Reactor, View
from infra.projector.leading import PASSING, Lead
from infra.projector.place import Deposed
from infra.projector.rebuilding import BeingRebuilt
from infra.projector.tail import Tail
from infra.projector.wake import Wake
from infra.vault import Vault

log = structlog.get_logger()

BATCH = 1_000
CANDIDATE_SECONDS = 0.25


class Runner:
    """Keeps one follower going: waits for leadership, follows the log, gives way to another, comes back."""

    def __init__(
        self,
        follower: View | Reactor,
        conninfo: str,
        vault: Vault,
        wake: Wake,
        *,
        tail: Tail | None = None,
        batch: int = BATCH,
    ) -> None:
        """`tail`: shared by the followers of a process; without it the follower reads for itself."""
        self._follower = follower
        self._name = follower.follower
        self._conninfo = conninfo
        self._vault = vault
        self._wake = wake
        self._tail = tail
        self._batch = batch

    async def run(self) -> None:
        """Follow the log for ever.

        A follower that fails on an event stays before it, loudly, until a rebuild or a restart; it keeps the
        lead meanwhile, so that no other process fails on the same event in its turn.
        """
        tail = self._tail or Tail(self._conninfo, self._vault)
        try:
            while True:
                await self._stand(tail)
                await asyncio.sleep(CANDIDATE_SECONDS)
        finally:
            if self._tail is None:
                await tail.close()

    async def _stand(self, tail: Tail) -> None:
        try:
            async with await connect(mortal(self._conninfo)) as connection:
                while not await try_to_lead(connection, self._name):  # noqa: ASYNC110 - a lock tells nobody
                    await asyncio.sleep(CANDIDATE_SECONDS)
                log.info("follower-leads", follower=self._name)
                lead = Lead(
                    self._follower, connection, tail, self._wake, self._conninfo, self._vault, self._batch
                )
                await lead.keep()
        except Deposed:
            log.info("follower-deposed", follower=self._name)
        except BeingRebuilt:
            log.info("follower-waits-for-rebuild", follower=self._name)
        except PASSING as error:
            log.warning("follower-interrupted", follower=self._name, error=type(error).__name__)
