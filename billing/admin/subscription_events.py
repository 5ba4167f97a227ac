"""What happened to subscriptions, when, and who did it."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actors import signed_in
from accounts.models import User
from accounts.queries import user_by_email
from billing.models import LIFETIME_END, SubscriptionEvent, SubscriptionEventType
from smarttrader.lib.actors import ActorType
from smarttrader.lib.admin import is_staff_member
from smarttrader.lib.admin_audit import AuditAdmin, identifier
from smarttrader.lib.admin_json import words

NOTHING = "\N{EN DASH}"


@admin.register(SubscriptionEvent)
class SubscriptionEventAdmin(AuditAdmin[SubscriptionEvent]):
    list_display = ("at", "owner", "subscription", "type", "who", "changed", "reason")
    list_filter = ("type", "actor_type", "at")
    search_fields = ("subscription_id", "user_id", "actor_id")
    search_help_text = _("Owner's e-mail, or the id of a subscription or a user")
    apart = {"type": SubscriptionEventType.values, "actor_type": ActorType.values}

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        """Tell a reseller not by which address the staff signs in."""
        is_staff = is_staff_member(request)
        return tuple(
            "actor_type" if name == "who" and not is_staff else name
            for name in self.list_display
        )

    def named(self, word: str) -> Iterator[Q]:
        if user := user_by_email(word):
            yield Q(user_id=user.pk)
        if known := identifier(word):
            yield Q(subscription_id=known)
            yield Q(user_id=known)
            yield Q(actor_id=known)

    def looked_after(self, request: HttpRequest) -> dict[str, list[uuid.UUID]]:
        people = User.objects.visible_to(signed_in(request))
        return {"user_id": list(people.values_list("pk", flat=True))}

    def shaped(self, rows: list[SubscriptionEvent]) -> list[SubscriptionEvent]:
        ids = {pk for event in rows for pk in (event.user_id, event.actor_id) if pk}
        people = User.objects.only("email").in_bulk(ids)
        for event in rows:
            shown: Any = event
            shown.known_owner = people.get(event.user_id)
            shown.known_actor = people.get(event.actor_id) if event.actor_id else None
        return rows

    @admin.display(description=_("owner"))
    def owner(self, event: Any) -> str:
        known = event.known_owner
        return known.email if known else gettext("deleted")

    @admin.display(description=_("subscription"))
    def subscription(self, event: Any) -> str:
        if not event.known_owner:
            return str(event.subscription_id)  # it went with its user
        url = reverse("admin:billing_subscription_change", args=[event.subscription_id])
        return format_html('<a href="{}">…{}</a>', url, str(event.subscription_id)[-8:])

    @admin.display(description=_("by"))
    def who(self, event: Any) -> str:
        role = event.get_actor_type_display()
        known = event.known_actor
        return f"{known.email}, {role}" if known else str(role)

    @admin.display(description=_("changed"))
    def changed(self, event: SubscriptionEvent) -> str:
        """Tell which terms are others than before; of a start, which there are."""
        return "; ".join(
            f"{words(name)}: {_shown(event.before.get(name))} → {_shown(value)}"
            if event.before
            else f"{words(name)}: {_shown(value)}"
            for name, value in event.after.items()
            if event.before.get(name) != value
            and (event.before or _shown(value) != NOTHING)
        )


def _shown(value: Any) -> str:
    if value in (None, "", False):
        return NOTHING
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    is_never = moment >= LIFETIME_END
    return gettext("Never ends") if is_never else f"{moment:%Y-%m-%d %H:%M}"
