"""Password rules that Django does not bring."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MAXIMUM_LENGTH = 128


class MaximumLengthValidator:
    """Refuse passwords that are long enough to make hashing them an attack."""

    def validate(self, password: str, user: object = None) -> None:  # noqa: ARG002
        if len(password) > MAXIMUM_LENGTH:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        return _("Your password can have at most %(length)d characters.") % {
            "length": MAXIMUM_LENGTH
        }
