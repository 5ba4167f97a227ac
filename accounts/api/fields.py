"""What several calls about accounts take."""

from typing import Any

from django.contrib.auth.password_validation import validate_password

from accounts.models import LONGEST_EMAIL
from accounts.validators import MAXIMUM_LENGTH
from smarttrader.lib.api.fields import VerbatimField


class EmailField(VerbatimField):
    """An address in whichever spelling: services know the one that counts."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST_EMAIL, **kwargs)


class PasswordField(VerbatimField):
    """A password to compare; one that is longer than any is refused unhashed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAXIMUM_LENGTH, write_only=True, **kwargs)


class NewPasswordField(PasswordField):
    """A password to set."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators.append(validate_password)
