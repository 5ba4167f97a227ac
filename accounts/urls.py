import allauth.urls
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from accounts import pages
from accounts.api import auth, me
from accounts.transactions import in_transactions

in_transactions(allauth.urls.urlpatterns)

# Asked for by allauth, of the table of contents of the site.
too_many_attempts = pages.too_many_attempts

page_urls: list[URLPattern | URLResolver] = [
    path("accounts/", include(allauth.urls)),
    path("settings/", pages.profile, name="settings"),
    path("settings/delete/", pages.delete_account, name="settings_delete"),
    path("settings/sign-out/", pages.end_everything, name="settings_sign_out"),
    path("language/", require_POST(set_language), name="set_language"),
    path("settings/sessions/<int:pk>/end/", pages.end_session, name="session_end"),
]

# A path of the user API has no slash at its end.
api_urls = [
    path("auth/register", auth.Register.as_view(), name="api_register"),
    path("auth/verify", auth.Verify.as_view(), name="api_verify"),
    path("auth/send-code", auth.SendCode.as_view(), name="api_send_code"),
    path("auth/token", auth.IssueToken.as_view(), name="api_token"),
    path("auth/logout", auth.LogOut.as_view(), name="api_logout"),
    path(
        "auth/logout-everywhere",
        auth.LogOutEverywhere.as_view(),
        name="api_logout_everywhere",
    ),
    path("me", me.Me.as_view(), name="api_me"),
    path("me/password", me.MyPassword.as_view(), name="api_my_password"),
]
