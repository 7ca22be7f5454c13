"""Duplicates and links."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from domain.aggregate import Lookup
from domain.complaint import Complaint, ComplaintCommand
from domain.complaint import commands as c
from domain.complaint import events as e
from tests.domain.spec import (
    ACCEPT,
    ASK,
    CONSULT,
    CUSTOMER,
    INVESTIGATE,
    LINK,
    MARK,
    NOW,
    ORIGINAL,
    OURS,
    PROPOSE,
    REGISTER,
    REPLY,
    RESOLVE,
    UNMARK,
    number,
    play,
    refusal,
    when,
)

UNLINK = c.Unlink(to=number(2000), relation="related")


def original(**changes: Any) -> Lookup:
    return structs.replace(ORIGINAL, **changes)


def marked(*history: ComplaintCommand) -> Complaint:
    return play(MARK, state=play(OURS, *history), lookup=ORIGINAL)


def test_a_duplicate_names_its_original_and_what_was_known_of_it() -> None:
    assert when(play(OURS), MARK, lookup=ORIGINAL) == [
        e.DuplicateMarked(of=number(900), of_registered_at=NOW - timedelta(days=1), customer_id=CUSTOMER)
    ]
    assert (marked().state, marked().duplicate_of) == ("duplicate", number(900))


@pytest.mark.parametrize(
    ("known", "slug"),
    [
        (None, "unknown-complaint-named"),
        (original(customer_id=number(501)), "not-a-duplicate"),
        (original(customer_id=None), "not-a-duplicate"),
        (original(registered_at=NOW + timedelta(days=1)), "not-a-duplicate"),
        (original(state="duplicate", duplicate_of=number(1000)), "not-a-duplicate"),
        (original(state="closed"), ""),
    ],
    ids=["unknown", "another customer", "nobody's", "later", "itself a duplicate", "ended"],
)
def test_a_duplicate_repeats_an_earlier_complaint_of_the_same_customer(
    known: Lookup | None, slug: str
) -> None:
    assert refusal(play(OURS), MARK, lookup=known) == slug


def test_complaints_of_nobody_known_are_linked_not_marked() -> None:
    assert refusal(play(REGISTER), MARK, lookup=original(customer_id=None)) == "not-a-duplicate"
    assert refusal(play(REGISTER), LINK, lookup=original(customer_id=None)) == ""


def test_a_complaint_is_not_a_duplicate_of_itself() -> None:
    itself = c.MarkDuplicate(of=number(1000))
    assert refusal(play(OURS), itself, lookup=ORIGINAL) == "not-a-duplicate"


def test_of_two_registered_in_the_same_instant_only_one_repeats_the_other() -> None:
    """Both directions at once are impossible, even when each is marked without knowing of the other."""
    twin = original(registered_at=NOW)
    forth = refusal(play(OURS), c.MarkDuplicate(of=number(900)), lookup=twin, stream_id=number(1000))
    back = refusal(play(OURS), c.MarkDuplicate(of=number(1000)), lookup=twin, stream_id=number(900))
    assert (forth, back) == ("", "not-a-duplicate")


def test_an_import_may_name_an_original_that_comes_later() -> None:
    assert when(play(OURS), MARK, origin="import") == [e.DuplicateMarked(of=number(900))]


@pytest.mark.parametrize(
    ("history", "state"),
    [
        ((), "in_progress"),
        ((INVESTIGATE,), "in_progress"),
        ((ASK,), "awaiting_customer"),
        ((ASK, CONSULT), "awaiting_sector"),
        ((PROPOSE,), "proposed"),
    ],
)
def test_undone_it_goes_on_as_if_never_marked(history: tuple[ComplaintCommand, ...], state: str) -> None:
    duplicate = marked(*history)
    assert when(duplicate, UNMARK) == [e.DuplicateUnmarked(of=number(900), reason="About another order.")]
    after = play(UNMARK, state=duplicate)
    before = play(OURS, *history)
    assert (after.state, after.duplicate_of) == (state, None)
    assert (after.asks, after.proposal) == (before.asks, before.proposal)


def test_an_answer_that_comes_while_it_is_a_duplicate_answers() -> None:
    answered = play(REPLY, state=marked(ASK))
    assert (answered.state, answered.asks, answered.needs_review) == ("duplicate", (), True)
    assert play(UNMARK, state=answered).state == "in_progress"


def test_the_proposal_of_a_duplicate_is_accepted_as_a_reply() -> None:
    duplicate = marked(PROPOSE)
    named = structs.replace(ACCEPT, proposal_id=number(2))
    for accept in (ACCEPT, named):
        (reply,) = when(duplicate, accept)
        assert isinstance(reply, e.CustomerReplied)
        assert reply.needs_review
    undone = play(UNMARK, state=play(ACCEPT, state=duplicate))
    assert play(ACCEPT, state=undone).state == "resolved"


def test_a_duplicate_can_be_marked_again() -> None:
    undone = play(UNMARK, state=marked())
    assert play(MARK, state=undone, lookup=ORIGINAL).state == "duplicate"


def test_an_imported_duplicate_without_its_original_is_not_unmarked_twice() -> None:
    odd = structs.replace(marked(), duplicate_of=None)
    assert when(odd, UNMARK) == []


def test_a_link_says_how_they_are_related() -> None:
    complaint = play(REGISTER, LINK, lookup=ORIGINAL)
    assert when(play(REGISTER), LINK, lookup=ORIGINAL) == [
        e.ComplaintLinked(to=number(2000), relation="related")
    ]
    assert when(complaint, LINK, lookup=ORIGINAL) == []
    assert when(complaint, structs.replace(LINK, relation="parent"), lookup=ORIGINAL) != []


def test_a_link_goes_to_a_known_complaint_other_than_itself() -> None:
    assert refusal(play(REGISTER), LINK) == "unknown-complaint-named"
    itself = structs.replace(LINK, to=number(1000))
    assert refusal(play(REGISTER), itself, lookup=ORIGINAL) == "linked-to-itself"


def test_only_the_link_that_is_there_is_taken_away() -> None:
    complaint = play(RESOLVE, state=play(REGISTER, LINK, lookup=ORIGINAL))
    assert when(complaint, UNLINK) == [e.ComplaintUnlinked(to=number(2000), relation="related")]
    assert play(UNLINK, state=complaint).links == ()
    assert refusal(complaint, structs.replace(UNLINK, relation="follows")) == "unknown-link"
