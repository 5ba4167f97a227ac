"""Calls that carry a license key: how often, and by whom, keys may be tried."""

from django.conf import settings
from django.utils.crypto import salted_hmac

from licensing.keys import KeyMalformed, canonical_key
from smarttrader.lib.ea.fields import Fields
from smarttrader.lib.ea.refusals import EaRefusal, FieldInvalid
from smarttrader.lib.ea.view import EaView
from smarttrader.lib.lock_outs import LockOut
from smarttrader.lib.rate_limits import Limit, Usage

LONGEST_INPUT = 100

# Each attempt that is allowed is a name in the cache, which a success deletes.
MOST_UNKNOWN_KEYS = 100


class LicenseKeyView(EaView):
    """A call with a license key, which `license_key` holds in its one spelling.

    A key that cannot be one is refused before any other field is looked at, without a
    query and without a mark. The door tells `note_unknown_key` or `note_success`.
    """

    license_key: str

    def check_limits(self, *more: tuple[Limit, str]) -> None:
        super().check_limits(*more)
        self._refuse_locked_out()
        calls = settings.EA_KEY_CALLS_PER_IP.get(self.call)
        if calls is not None:
            self.count(Limit(f"ea.{self.call}.ip", calls), self.client)
        self.license_key = self._read_key()
        calls = settings.EA_KEY_CALLS_PER_KEY.get(self.call)
        if calls is not None:
            self.count(Limit(f"ea.{self.call}.key", calls), self._hashed_key())

    def note_unknown_key(self) -> None:
        """Mark that nobody has this key; too many marks lock the address out."""
        unknown_keys_lock_out().note_failure(self.client, self.now)

    def note_success(self) -> None:
        """Forget the marks and locks of the address."""
        unknown_keys_lock_out().forgive(self.client)

    def _refuse_locked_out(self) -> None:
        lock_out = unknown_keys_lock_out()
        seconds = lock_out.seconds_left(self.client, self.now)
        if seconds:
            self.usages.append(Usage(lock_out.attempts, 0, seconds, is_exceeded=True))
            raise EaRefusal(
                429,
                "LOCKED_OUT",
                "Too many unknown license keys came from your address.",
                headers={"Retry-After": str(seconds)},
            )

    def _read_key(self) -> str:
        try:
            text = Fields(self.body).text("license_key", limit=LONGEST_INPUT)
            return canonical_key(text or "")
        except (FieldInvalid, KeyMalformed) as error:
            raise EaRefusal(
                400, KeyMalformed.code, str(KeyMalformed.title), field="license_key"
            ) from error

    def _hashed_key(self) -> str:
        return salted_hmac("bots.throttles", self.license_key).hexdigest()


def unknown_keys_lock_out() -> LockOut:
    return LockOut(
        name="license-key",
        attempts=min(max(settings.EA_UNKNOWN_KEYS_PER_IP, 1), MOST_UNKNOWN_KEYS),
        window_seconds=settings.EA_UNKNOWN_KEYS_SECONDS,
        first_seconds=settings.EA_LOCK_OUT_SECONDS,
        longest_seconds=settings.EA_LOCK_OUT_LONGEST_SECONDS,
    )
