"""Stored events: they load for ever, before and after an erasure."""

import json
import re
from pathlib import Path
from typing import Any, Union

import msgspec
import pytest

from domain import AGGREGATES
from domain.complaint import events as e
from domain.messages import COMMON_FIELDS, ERASED, Event, Personal, erased_values, personal_fields, tag_of
from tests.domain.spec import NOW, PROPOSE, REGISTER, number, play

SAMPLES = Path(__file__).parent.parent / "samples"
EVENTS = {tag_of(event): event for aggregate in AGGREGATES.values() for event in aggregate.events}
KIND_OF = {
    tag_of(event): kind for kind, aggregate in reversed(AGGREGATES.items()) for event in aggregate.events
}
"""Approvals are of several kinds: the first one stands for all."""
DECODERS = {
    kind: msgspec.json.Decoder(Union[aggregate.events])  # noqa: UP007 - a union made of a tuple
    for kind, aggregate in AGGREGATES.items()
}


def stored(tag: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((SAMPLES / f"{tag}.json").read_text(encoding="utf-8"))
    return body


def load(tag: str, body: dict[str, Any]) -> Event:
    event = DECODERS[KIND_OF[tag]].decode(json.dumps(body))
    assert isinstance(event, EVENTS[tag])
    return event


def begun(kind: str, tag: str) -> Any:
    """A state on which an event of the tag can be folded."""
    first = tag_of(AGGREGATES[kind].events[0])
    if tag == first:
        return None
    return AGGREGATES[kind].evolve(None, load(first, stored(first)), NOW)


def test_every_event_type_has_its_own_tag() -> None:
    types = {event for aggregate in AGGREGATES.values() for event in aggregate.events}
    assert len(EVENTS) == len(types)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)+", tag) for tag in EVENTS)


def test_every_event_type_has_a_stored_sample() -> None:
    assert {file.stem for file in SAMPLES.glob("*.json")} >= EVENTS.keys()


@pytest.mark.parametrize("tag", EVENTS)
def test_a_stored_sample_loads_whole_and_is_written_as_it_was(tag: str) -> None:
    body = stored(tag)
    assert json.loads(msgspec.json.encode(load(tag, body))) == body


@pytest.mark.parametrize("tag", EVENTS)
def test_the_samples_show_every_field(tag: str) -> None:
    shown = set(stored(tag)) - {"type"} | set(COMMON_FIELDS)
    hidden = {"customer-contact-changed": {"phone"}, "customer-preferences-set": {"quiet_hours"}}
    assert shown | hidden.get(tag, set()) == set(EVENTS[tag].__struct_fields__)


def test_the_samples_show_every_common_field() -> None:
    assert {name for tag in EVENTS for name in stored(tag)} >= set(COMMON_FIELDS)


@pytest.mark.parametrize("tag", EVENTS)
def test_a_stored_sample_folds(tag: str) -> None:
    kind = KIND_OF[tag]
    assert AGGREGATES[kind].evolve(begun(kind, tag), load(tag, stored(tag)), NOW) is not None


@pytest.mark.parametrize("tag", EVENTS)
def test_an_erased_event_loads_and_folds(tag: str) -> None:
    kind, body = KIND_OF[tag], stored(tag) | erased_values(EVENTS[tag])
    assert AGGREGATES[kind].evolve(begun(kind, tag), load(tag, body), NOW) is not None


@pytest.mark.parametrize("tag", EVENTS)
def test_an_event_of_today_is_its_own_newest_shape(tag: str) -> None:
    event = load(tag, stored(tag))
    assert event.upcast() is event


@pytest.mark.parametrize("tag", EVENTS)
def test_free_text_is_personal(tag: str) -> None:
    """Fields that hold what people write or who they are; any new one of such a name has to be marked too."""
    text = {
        "subject",
        "description",
        "contact",
        "message",
        "summary",
        "question",
        "answer",
        "finding",
        "text",
    }
    text |= {"remedy_sought", "subject_refs", "vulnerability", "backdating_reason", "name", "email", "phone"}
    text |= {"what", "comment", "explanation", "evidence", "command", "url"}
    text |= set() if tag == "complaint-closed" else {"reason"}  # there it is one of a few words
    fields = set(EVENTS[tag].__struct_fields__)
    assert set(personal_fields(EVENTS[tag])) - {"external_ref"} == fields & text


def test_a_retired_shape_keeps_its_tag_and_becomes_the_newest() -> None:
    class OldNote(Event, frozen=True, kw_only=True, tag="note-written"):
        words: str

        def upcast(self) -> Event:
            return e.NoteAdded(text=self.words)

    assert OldNote(words="Called.").upcast() == e.NoteAdded(text="Called.")


def test_an_erased_text_reads_erased_and_what_is_optional_is_gone() -> None:
    erased = erased_values(e.ComplaintRegistered)
    assert (erased["subject"], erased["contact"]) == (ERASED, None)


def test_personal_fields_are_found_in_the_order_of_the_struct() -> None:
    class Met(Event, frozen=True, kw_only=True, tag="met"):
        whom: Personal[str]
        where: str
        note: Personal[str | None] = None

    assert personal_fields(Met) == ("backdating_reason", "whom", "note")


def test_a_stream_begins_with_its_registration_and_has_no_second_one() -> None:
    evolve = AGGREGATES["complaint"].evolve
    with pytest.raises(ValueError, match="begins"):
        evolve(None, e.NoteAdded(text="?"), NOW)
    with pytest.raises(ValueError, match="once"):
        evolve(play(REGISTER), load("complaint-registered", stored("complaint-registered")), NOW)


def test_a_fold_changes_nothing_but_what_happened() -> None:
    before = play(REGISTER, PROPOSE)
    after = AGGREGATES["complaint"].evolve(before, e.ProposalWithdrawn(proposal_id=number(2)), NOW)
    assert before.state == "proposed"
    assert after.state == "in_progress"
