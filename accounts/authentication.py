"""Whom a call of the user API comes from."""

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import queries
from accounts.models import User
from accounts.tokens import Claims, read_token
from smarttrader.lib.problems import CHALLENGE


class UserTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer` with a user's token; whatever is wrong with it is 401.

    `request.auth` is the token's claims.
    """

    def authenticate(self, request: Request) -> tuple[User, Claims] | None:
        scheme, _, text = get_authorization_header(request).strip().partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        claims = read_token(text.strip())
        user = queries.user_of_token(claims) if claims else None
        if claims is None or user is None:
            raise AuthenticationFailed("The token is not good: get a new one.")
        return user, claims

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 -- DRF's
        return CHALLENGE
