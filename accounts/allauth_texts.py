"""Texts of allauth that people see, for our catalogs: its own German says "du".

Nothing imports this; `make messages` reads it. A catalog of ours goes before allauth's.
"""

from django.utils.translation import gettext_noop as _

TEXTS = (
    _("You cannot remove your primary email address."),
    _("You cannot remove your primary email address (%(email)s)."),
    _("Please type your current password."),
    _("Too many failed login attempts. Try again later."),
    _("Your primary email address must be verified."),
    _("Be patient, you are sending too many requests."),
    _("You must type the same password each time."),
    _("You must type the same email each time."),
    _("Your password has been changed."),
    _("Your password is now changed."),
    _("Your email address is still pending verification."),
    _("Are you sure you want to sign out?"),
    _("You have confirmed %(email)s."),
    _("You have signed out."),
)
