"""Which answers reach the customer by a message that has to be sent, and may fail to arrive."""

from __future__ import annotations

from domain.complaint import events as e

MESSAGES = frozenset(
    {
        "email",
        "imessage",
        "messenger",
        "mms",
        "push",
        "rcs",
        "signal",
        "sms",
        "telegram",
        "viber",
        "wechat",
        "whatsapp",
    }
)
"""Their channels, however they are spelt. A call, a letter or an answer on a platform is sent as such."""
TOLD = frozenset({"accepted", "accepted_on_contact", "not_required", "anonymous"})
"""The bases of a resolution that leave nothing to send: the customer spoke, or nobody is written to."""


ANSWERS = frozenset(
    {
        "complaint-acknowledged",
        "complaint-resolved",
        "history-delivered",
        "holding-response-sent",
        "information-requested",
        "resolution-proposed",
    }
)
"""The events that may need a message: all others are passed by quickly."""


def is_message(channel: str | None) -> bool:
    """Whether an answer by this channel is a message to be sent; so is one of which no channel is known."""
    return channel is None or "".join(filter(str.isalnum, channel.casefold())) in MESSAGES


def to_be_sent(event: e.ComplaintEvent) -> bool:
    """Whether it is an answer that a message takes to the customer."""
    if event.__struct_config__.tag not in ANSWERS:
        return False
    match event:
        case (
            e.ComplaintAcknowledged()
            | e.HoldingResponseSent()
            | e.HistoryDelivered()
            | e.ResolutionProposed()
            | e.InformationRequested()
        ):
            return is_message(event.channel)
        case e.ComplaintResolved():
            return event.basis not in TOLD and is_message(event.channel)
        case _:
            return False
