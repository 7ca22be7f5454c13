"""Followers look more often than they have to."""

import pytest

from infra.projector import leading, runner


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leading, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(runner, "CANDIDATE_SECONDS", 0.02)


@pytest.fixture
def no_clock(_impatient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Followers look when they are woken, and never of themselves."""
    monkeypatch.setattr(leading, "POLL_SECONDS", 1_000_000)
