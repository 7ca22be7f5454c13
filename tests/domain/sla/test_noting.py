"""What is noted of an event by its tag alone is what is noted of it in full."""

from pathlib import Path

import msgspec
import pytest

from domain.complaint import COMPLAINT, ComplaintEvent
from domain.messages import tag_of
from domain.sla import Timeline
from domain.sla.noting import PLAIN, UNNOTED, _noted, noted
from tests.domain.spec import NOW

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.mark.parametrize("tag", [tag_of(event) for event in COMPLAINT.events])
def test_the_short_way_and_the_long_way_note_the_same(tag: str) -> None:
    event = msgspec.json.decode((SAMPLES / f"{tag}.json").read_bytes(), type=ComplaintEvent)
    before = Timeline(received_at=NOW)
    assert noted(before, event, NOW, 2) == _noted(before, event, NOW, 2)


def test_no_tag_is_both_and_each_is_one_of_an_event() -> None:
    assert not UNNOTED & PLAIN
    assert {tag_of(event) for event in COMPLAINT.events} > UNNOTED | PLAIN
