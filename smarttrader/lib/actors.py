"""Who did something: what an audit row remembers of them."""

import uuid
from dataclasses import dataclass

from django.db import models


class ActorType(models.TextChoices):
    USER = "user", "Owner"
    RESELLER = "reseller", "Reseller"
    STAFF = "staff", "Staff"
    EA = "ea", "Expert Advisor"
    SYSTEM = "system", "System"


@dataclass(frozen=True, slots=True)
class Actor:
    """`id` is a user's, or a bot's; the system and the command line have none."""

    type: ActorType
    id: uuid.UUID | None = None
    ip: str = ""
    request_id: str = ""


SYSTEM = Actor(ActorType.SYSTEM)
COMMAND_LINE = Actor(ActorType.STAFF)
