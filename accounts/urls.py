from django.urls import path

from accounts.api import auth, me

# A path of the user API has no slash at its end.
api_urls = [
    path("auth/register", auth.Register.as_view(), name="api_register"),
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
