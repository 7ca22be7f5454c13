"""Who has to do with a complaint, and who may speak for whom."""

import pytest
from msgspec import structs

from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint import values as v
from domain.complaint.state import Party
from domain.complaint.values import PartyRole
from tests.domain.spec import CLOSE, CUSTOMER, LAWYER, REGISTER, RESOLVE, number, play, refusal, when

VERIFY = c.VerifyAuthority(party_id=number(2), evidence="Power of attorney.")
REMOVE = c.RemoveParty(party_id=number(2), reason="The mandate ended.")


def test_a_party_has_an_id_a_role_and_may_be_named() -> None:
    assert when(play(REGISTER), LAWYER) == [
        e.PartyAdded(party_id=number(99), role="lawyer", contact=v.Contact(name="Dr. Rui"))
    ]
    known = c.AddParty(role="affected", party_id=number(7), customer_id=CUSTOMER)
    assert when(play(REGISTER), known) == [
        e.PartyAdded(party_id=number(7), role="affected", customer_id=CUSTOMER)
    ]


@pytest.mark.parametrize("role", ["representative", "lawyer", "guardian"])
def test_who_speaks_for_another_has_no_verified_authority_before_it_was_seen(role: PartyRole) -> None:
    complaint = play(REGISTER, c.AddParty(role=role))
    assert complaint.parties == (Party(party_id=number(2), role=role, verified=False),)
    assert when(complaint, VERIFY) == [
        e.AuthorityVerified(party_id=number(2), role=role, evidence="Power of attorney.")
    ]
    verified = play(VERIFY, state=complaint)
    assert verified.parties == (Party(party_id=number(2), role=role, verified=True),)
    assert when(verified, VERIFY) == []


@pytest.mark.parametrize("role", ["complainant", "affected"])
def test_who_speaks_for_nobody_else_needs_no_authority(role: PartyRole) -> None:
    assert refusal(play(REGISTER, c.AddParty(role=role)), VERIFY) == "no-authority-needed"


def test_one_verified_authority_is_not_that_of_another_party() -> None:
    complaint = play(REGISTER, LAWYER, c.AddParty(role="guardian"), VERIFY)
    assert [party.verified for party in complaint.parties] == [True, False]


def test_a_party_has_one_role() -> None:
    complaint = play(REGISTER, c.AddParty(role="affected", party_id=number(7)))
    assert when(complaint, c.AddParty(role="affected", party_id=number(7))) == []
    assert refusal(complaint, c.AddParty(role="lawyer", party_id=number(7))) == "party-known"


def test_a_party_removed_and_added_again_begins_anew() -> None:
    complaint = play(REGISTER, LAWYER, VERIFY)
    assert when(complaint, REMOVE) == [
        e.PartyRemoved(party_id=number(2), role="lawyer", reason="The mandate ended.")
    ]
    again = play(REMOVE, structs.replace(LAWYER, party_id=number(2)), state=complaint)
    assert again.parties == (Party(party_id=number(2), role="lawyer"),)


@pytest.mark.parametrize("command", [REMOVE, VERIFY])
def test_an_unknown_party_is_refused(command: c.RemoveParty | c.VerifyAuthority) -> None:
    assert refusal(play(REGISTER), command) == "unknown-party"


def test_the_complainant_of_an_anonymous_complaint_is_not_named_as_a_party() -> None:
    anonymous = play(structs.replace(REGISTER, anonymity="anonymous"))
    named = c.AddParty(role="complainant", contact=c.ContactInput(name="Bia"))
    assert refusal(anonymous, named) == "identity-given"
    assert refusal(anonymous, LAWYER) == ""


def test_a_party_can_come_after_the_end() -> None:
    assert play(REGISTER, RESOLVE, CLOSE, LAWYER).parties != ()
