"""Webhooks: every event that another system asked for, signed, in the order of its stream, at least once."""

from infra.webhooks.delivering import Deliverer
from infra.webhooks.sending import Attempt, Message, Policy, Sender
from infra.webhooks.targets import Book, Instruction, Target

__all__ = ["Attempt", "Book", "Deliverer", "Instruction", "Message", "Policy", "Sender", "Target"]
