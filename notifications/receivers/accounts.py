"""Mail that people wait for, and who signed in."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import AuthEvent, User
from accounts.signals import mail_wanted, new_sign_in
from notifications.models import Event
from notifications.services import outbox
from notifications.services.telling import tell
from notifications.services.wording import moment_of


@receiver(mail_wanted)
def post_mail(
    recipient: str,
    subject: str,
    text: str,
    html: str,
    is_urgent: bool,  # noqa: FBT001 -- a signal names its arguments
    now: datetime,
    **_kwargs: Any,
) -> None:
    outbox.post_mail(
        recipient=recipient,
        subject=subject,
        text=text,
        html=html,
        is_urgent=is_urgent,
        now=now,
    )


@receiver(new_sign_in)
def tell_sign_in(user: User, event: AuthEvent, now: datetime, **_kwargs: Any) -> None:
    tell(
        user=user,
        event=Event.NEW_SIGN_IN,
        title=_("Somebody signed in from a new place"),
        message=format_lazy(
            _(
                "On {moment} from {address}, with {program}. If that was not you,"
                " change your password: that ends every session."
            ),
            moment=moment_of(now),
            address=event.ip or "?",
            program=event.user_agent or "?",
        ),
        now=now,
        metadata={"sign_in_id": str(event.pk), "ip": event.ip},
    )
