"""Password hashes: dear by design, so only a few are computed at once."""

from threading import BoundedSemaphore

from django.conf import settings
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher

_turns = BoundedSemaphore(settings.PASSWORD_HASHES_AT_ONCE)


class PatientBCryptSHA256PasswordHasher(BCryptSHA256PasswordHasher):
    """bcrypt at 0.3 s of CPU a hash, of which a process computes a few at once.

    bcrypt lets go of Python's lock: a thread for each sign-in would take every core
    from the calls of EAs. Who comes later waits; threads are few, so not for long.
    """

    def encode(self, password: str, salt: str) -> str:
        with _turns:
            return super().encode(password, salt)
