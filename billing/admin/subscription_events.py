"""Who changed plan or cycle of a subscription, and when."""

import uuid
from collections.abc import Iterator

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.actors import signed_in
from accounts.models import User
from accounts.queries import user_by_email
from billing.models import SubscriptionEvent, SubscriptionEventType
from smarttrader.lib.actors import ActorType
from smarttrader.lib.admin_audit import AuditAdmin, identifier


@admin.register(SubscriptionEvent)
class SubscriptionEventAdmin(AuditAdmin[SubscriptionEvent]):
    list_display = ("at", "subscription_id", "type", "actor_type", "before", "after")
    list_filter = ("type", "actor_type", "at")
    search_fields = ("subscription_id", "user_id", "actor_id")
    search_help_text = _("Owner's e-mail, or the id of a subscription or a user")
    apart = {"type": SubscriptionEventType.values, "actor_type": ActorType.values}

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
