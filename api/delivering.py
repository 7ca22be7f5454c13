"""The deliverer of webhooks, put together from the settings."""

from api.parts import conninfo, master_key
from domain.addresses import parsed_networks
from infra.commands import Commands
from infra.projector import Wake
from infra.secrets import Secrets
from infra.settings import Settings
from infra.webhooks import Deliverer, Policy
from projections import webhooks


def policy(settings: Settings) -> Policy:
    """Where webhooks may lead, and how long their receivers may take."""
    return Policy(
        http=settings.webhook_http,
        networks=parsed_networks(settings.webhook_networks),
        timeout=settings.webhook_timeout,
    )


def deliverer(settings: Settings, commands: Commands, wake: Wake) -> Deliverer:
    """What sends events to the webhooks of the view."""
    return Deliverer(
        conninfo(settings),
        commands,
        Secrets(master_key(settings)),
        wake,
        webhooks.BOOK,
        source=settings.source(),
        policy=policy(settings),
    )
