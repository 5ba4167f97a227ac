"""Actions of the back office that ask before they act: POST, twice."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from smarttrader.lib.attention import Text
from smarttrader.lib.errors import DomainError

LONGEST_REASON = 500
MOST_ROWS = 200
DONE_ALREADY = _("This was done already.")


class FormKey(forms.UUIDField):
    """A hidden value that makes a form act once, however often it is sent."""

    def __init__(self) -> None:
        super().__init__(initial=uuid.uuid4, widget=forms.HiddenInput)


class ConfirmForm(forms.Form):
    """Nothing to fill in."""


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Stays in the audit for ever."),
    )


class RowsForm(ReasonForm):
    """A form that asks about the rows themselves."""

    def __init__(self, *args: Any, rows: list[Any], **kwargs: Any) -> None:
        self.rows = rows
        super().__init__(*args, **kwargs)


# Returns False when this very form did it before, to which nothing was added.
Act = Callable[[HttpRequest, Any, dict[str, Any]], object]


def asking(
    name: str,
    title: Text,
    act: Act,
    *,
    form_class: type[forms.Form] = ReasonForm,
    warning: Text = "",
    permission: str = "act",
) -> Callable[..., HttpResponse | None]:
    """Return an action of a list that asks, then does `act` to each chosen row."""

    @admin.action(description=title, permissions=[permission])
    def action(
        model_admin: "ModelAdmin[Any]", request: HttpRequest, rows: "QuerySet[Any]"
    ) -> HttpResponse | None:
        return act_on_each(
            model_admin,
            request,
            rows,
            title=title,
            action=name,
            act=partial(act, request),
            form_class=form_class,
            warning=warning,
        )

    return action


def act_on_each(
    model_admin: "ModelAdmin[Any]",
    request: HttpRequest,
    queryset: "QuerySet[Any]",
    *,
    title: Text,
    action: str,
    act: Callable[[Any, dict[str, Any]], object],
    form_class: type[forms.Form] = ReasonForm,
    warning: Text = "",
) -> HttpResponse | None:
    """Show a page that asks, then act on all rows or, when one is refused, on none."""
    rows = list(queryset[: MOST_ROWS + 1])
    if len(rows) > MOST_ROWS:
        refuse_so_many(request)
        return None
    is_answer = "confirmed" in request.POST
    if not rows:
        messages.error(request, _("There is no such row any more."))
        return None
    form = _form_of(form_class, rows, request.POST if is_answer else None)
    if is_answer and form.is_valid():
        try:
            with transaction.atomic():
                told = form.cleaned_data
                done = [row for row in rows if _act_on(row, told, act) is not False]
                log_action(request, done, title, told.get("reason", ""))
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            counted = {"title": title, "rows": len(done)}
            text = _("%(title)s: %(rows)s done.") % counted if done else DONE_ALREADY
            messages.success(request, text)
            return None
    return asking_page(
        model_admin,
        request,
        form,
        title=title,
        action=action,
        rows=rows,
        warning=warning,
    )


def asking_page(
    model_admin: "ModelAdmin[Any]",
    request: HttpRequest,
    form: forms.Form,
    *,
    title: Text,
    action: str = "",
    rows: "list[Any] | None" = None,
    warning: Text = "",
    button: Text = "",
) -> HttpResponse:
    """Return the page of a form, of an action when it names one.

    Its button says what the page is called, unless that comes later.
    """
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": title,
        "form": form,
        "action": action,
        "rows": rows or [],
        "checkbox": ACTION_CHECKBOX_NAME,
        "warning": warning,
        "button": button,
        "media": model_admin.media,
    }
    return TemplateResponse(request, "admin/asking_page.html", context)


def refuse_so_many(request: HttpRequest) -> None:
    """Say that fewer rows are to be chosen."""
    messages.error(
        request, _("Choose at most %(most_rows)s rows.") % {"most_rows": MOST_ROWS}
    )


def log_action(
    request: HttpRequest, rows: list[Any], title: Text, reason: str = ""
) -> None:
    """Note in the log of the back office what was done to rows, in its one language."""
    with translation.override("en"):
        message = f"{title}: {reason}" if reason else str(title)
    who: Any = request.user
    LogEntry.objects.log_actions(who.pk, rows, CHANGE, message)


def _form_of(form_class: type[forms.Form], rows: list[Any], sent: Any) -> forms.Form:
    if issubclass(form_class, RowsForm):
        return form_class(sent, rows=rows)
    return form_class(sent)


def _act_on(
    row: Any, values: dict[str, Any], act: Callable[[Any, dict[str, Any]], object]
) -> object:
    try:
        return act(row, values)
    except DomainError as error:
        error.message = f"{row}: {error.message}"
        raise
