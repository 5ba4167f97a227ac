"""Who did something: what an audit row remembers of them."""

import uuid
from dataclasses import dataclass

from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from smarttrader.lib.client_address import recorded_address
from smarttrader.lib.request_ids import request_id_of

LONGEST_USER_AGENT = 255


class ActorType(models.TextChoices):
    USER = "user", _("Owner")
    RESELLER = "reseller", _("Reseller")
    STAFF = "staff", _("Staff")
    EA = "ea", _("Expert Advisor")
    SYSTEM = "system", _("System")


@dataclass(frozen=True, slots=True)
class Actor:
    """`id` is a user's, or a bot's; the system and the command line have none."""

    type: ActorType
    id: uuid.UUID | None = None
    ip: str = ""
    request_id: str = ""
    user_agent: str = ""


SYSTEM = Actor(ActorType.SYSTEM)
COMMAND_LINE = Actor(ActorType.STAFF)


def actor_of(
    request: HttpRequest, actor_type: ActorType, actor_id: uuid.UUID | None
) -> Actor:
    """Return who makes a request, as events remember them."""
    told = request.headers.get("User-Agent", "")[:LONGEST_USER_AGENT]
    return Actor(
        actor_type,
        actor_id,
        recorded_address(request),
        request_id_of(request),
        "".join(filter(str.isprintable, told)),
    )
