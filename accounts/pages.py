"""Settings: who I am, how safe my account is, and the way out."""

from allauth.account.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import limits
from accounts.actors import acting, signed_in
from accounts.forms import DeletionForm, ProfileForm
from accounts.models import User
from accounts.services import sessions, users
from smarttrader.lib import clock


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    form = ProfileForm(request.POST or None, initial=_profile_of(user))
    if request.method == "POST" and form.is_valid():
        users.update_profile(user=user, changes=form.cleaned_data)
        with translation.override(form.cleaned_data["language"]):
            messages.success(request, _("Your settings are saved."))
        return redirect("settings")
    shown = {"form": form, "security": _security_of(user)}
    status = 400 if form.errors else 200
    return render(request, "accounts/settings.html", shown, status=status)


@login_required
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    session = get_object_or_404(UserSession, user=signed_in(request), pk=pk)
    sessions.end_browser_session(
        session=session, actor=acting(signed_in(request), request), now=clock.now()
    )
    messages.success(request, _("That session is signed out."))
    return redirect("usersessions_list")


@login_required
@require_POST
def end_everything(request: HttpRequest) -> HttpResponse:
    """End every token and every session but this one."""
    user = signed_in(request)
    sessions.end_sessions(user=user, actor=acting(user, request), now=clock.now())
    update_session_auth_hash(request, user)
    messages.success(request, _("All other sessions and all API tokens have ended."))
    return redirect("settings")


@sensitive_post_parameters("password")
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete_account(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    form = DeletionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        # Counted and hashed as a sign-in is: a page left open is no way to guess.
        known = get_adapter().authenticate(
            request, email=user.email, password=form.cleaned_data["password"]
        )
        if known == user:
            users.delete_user(user=user, actor=acting(user, request), now=clock.now())
            logout(request)
            messages.success(request, _("Your account and its data are deleted."))
            return redirect("account_login")
        form.add_error("password", _("This is not your password."))
    status = 400 if form.errors else 200
    return render(request, "accounts/delete.html", {"form": form}, status=status)


def too_many_attempts(request: HttpRequest) -> HttpResponse:
    """Answer whoever exhausted a limit of the account pages, allauth's or ours."""
    response = render(request, "429.html", status=429)
    response.headers["Retry-After"] = str(limits.seconds_left(request))
    return response


def _profile_of(user: User) -> dict[str, str]:
    return {name: getattr(user, name) for name in sorted(users.PROFILE_FIELDS)}


def _security_of(user: User) -> dict[str, object]:
    factors = Authenticator.objects.filter(user=user)
    return {
        "has_totp": factors.filter(type=Authenticator.Type.TOTP).exists(),
        "sessions": len(UserSession.objects.purge_and_list(user)),
    }
