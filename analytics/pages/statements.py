"""Statements: upload, verdict, and what was imported so far."""

import uuid
from datetime import timedelta
from typing import Any, BinaryIO, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from analytics.pages.parts import user_of
from analytics.queries import statements as queries
from analytics.services.statements import import_statement
from bots.models import BotInstance
from smarttrader.lib import clock
from smarttrader.lib.errors import DomainError
from smarttrader.lib.keyset import Place, dated_place_of
from trading.services.statements import StatementDisagrees, StatementFile

IMPORTS_SHOWN = 25
HALF_HOURS = range(-12 * 60, 14 * 60 + 1, 30)


class StatementForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Statement"),
        widget=forms.ClearableFileInput(attrs={"accept": ".htm,.html"}),
        error_messages={"empty": gettext_lazy("The file is empty.")},
    )
    bot = forms.ModelChoiceField(
        BotInstance.objects.none(),
        required=False,
        label=gettext_lazy("Bot"),
        empty_label=gettext_lazy("Found by the account number"),
    )
    utc_offset_minutes = forms.TypedChoiceField(
        coerce=int,
        empty_value=None,
        required=False,
        label=gettext_lazy("Broker's clock"),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bot_field, offset_field = self.fields["bot"], self.fields["utc_offset_minutes"]
        assert isinstance(bot_field, forms.ModelChoiceField)  # noqa: S101
        assert isinstance(offset_field, forms.ChoiceField)  # noqa: S101
        bot_field.queryset = BotInstance.objects.filter(user=user).order_by(
            "instance_name"
        )
        offset_field.choices = [
            ("", _("As before, else UTC")),
            *[(minutes, _offset_label(minutes)) for minutes in HALF_HOURS],
        ]


def _offset_label(minutes: int) -> str:
    sign = "\N{MINUS SIGN}" if minutes < 0 else "+"
    offset = timedelta(minutes=abs(minutes))
    return f"UTC{sign}{offset.seconds // 3600:02}:{offset.seconds // 60 % 60:02}"


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def statements(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    form = StatementForm(request.POST or None, request.FILES or None, user=user)
    context: dict[str, Any] = {"form": form}
    status = 200
    if request.method == "POST":
        response = _import(request, user, form, context) if form.is_valid() else None
        if response is not None:
            return response
        status = 400
    context.update(_history(request, user))
    return render(request, "analytics/statements.html", context, status=status)


@require_safe
@login_required
def statement(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    record = get_object_or_404(queries.statement_imports(user_of(request)), pk=pk)
    return render(request, "analytics/statement.html", {"record": record})


def _history(request: HttpRequest, user: User) -> dict[str, Any]:
    after = dated_place_of(request)
    found = queries.statement_imports(user, after)[: IMPORTS_SHOWN + 1]
    shown = list(found)[:IMPORTS_SHOWN]
    is_last = len(found) <= IMPORTS_SHOWN
    return {
        "imports": shown,
        "is_first": after is None,
        "next": None if is_last else Place(shown[-1].created_at, shown[-1].pk),
    }


def _import(
    request: HttpRequest, user: User, form: StatementForm, context: dict[str, Any]
) -> HttpResponse | None:
    """Import the uploaded file; on a refusal tell why on the form and return None."""
    upload: UploadedFile[bytes] = form.cleaned_data["file"]
    assert upload.file is not None  # noqa: S101 -- a FileField that is valid has one
    try:
        imported = import_statement(
            user=user,
            file=StatementFile(
                content=cast("BinaryIO", upload.file), name=upload.name or ""
            ),
            bot=form.cleaned_data["bot"],
            utc_offset_minutes=form.cleaned_data["utc_offset_minutes"],
            now=clock.now(),
        )
    except StatementDisagrees as refusal:
        context["disagreeing"] = refusal.figures
        form.add_error("file", refusal.title)
        return None
    except DomainError as refusal:
        form.add_error("file", refusal.message)
        return None
    if imported.mismatches:
        text = ngettext(
            "Imported, but %(count)d figure differs from what MetaTrader printed.",
            "Imported, but %(count)d figures differ from what MetaTrader printed.",
            imported.mismatches,
        )
        messages.warning(request, text % {"count": imported.mismatches})
    else:
        messages.success(request, _("Imported. Every figure equals MetaTrader's own."))
    return redirect("statement", pk=imported.record.pk)
