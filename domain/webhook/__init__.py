"""The webhook: where another system wants events sent, which of them, and what was decided about them."""

from __future__ import annotations

from typing import get_args

from domain.aggregate import Aggregate
from domain.webhook.commands import SystemCommand, WebhookCommand
from domain.webhook.decisions import check_url, check_waiting, decide
from domain.webhook.events import Cause, Payload, State, WebhookEvent
from domain.webhook.state import Webhook, evolve, generations

WEBHOOK = Aggregate(
    "webhook",
    get_args(WebhookEvent),
    get_args(WebhookCommand),
    evolve,
    decide,
    get_args(SystemCommand),
)

__all__ = [
    "WEBHOOK",
    "Cause",
    "Payload",
    "State",
    "SystemCommand",
    "Webhook",
    "WebhookCommand",
    "WebhookEvent",
    "check_url",
    "check_waiting",
    "decide",
    "evolve",
    "generations",
]
