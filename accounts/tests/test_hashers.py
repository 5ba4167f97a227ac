"""A process makes a few hashes at once, and refuses rather than piles up the rest."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher

from accounts import hashers
from accounts.hashers import CappedBCryptSHA256PasswordHasher
from accounts.tests.factories import UserFactory
from smarttrader.lib.errors import Overloaded
from smarttrader.settings import HASHES_AT_ONCE, PASSWORD_HASHERS


class QuickHasher(CappedBCryptSHA256PasswordHasher):
    rounds = 4


def test_it_is_what_hashes_the_products_passwords():
    assert PASSWORD_HASHERS == ["accounts.hashers.CappedBCryptSHA256PasswordHasher"]


def test_it_reads_what_djangos_own_wrote_and_the_reverse():
    capped, stock = QuickHasher(), BCryptSHA256PasswordHasher()
    stock.rounds = 4

    written = [hasher.encode("x" * 73, hasher.salt()) for hasher in (capped, stock)]

    for hasher in (capped, stock):
        assert [hasher.verify("x" * 73, each) for each in written] == [True, True]
        assert [hasher.verify("x" * 72, each) for each in written] == [False, False]


def test_so_many_hash_at_once_and_one_more_is_refused(monkeypatch):
    monkeypatch.setattr(hashers, "WAIT_SECONDS", 0.01)
    all_are_in = threading.Barrier(HASHES_AT_ONCE + 1)
    may_go_on = threading.Event()

    def hash_slowly() -> None:
        with hashers.a_place():
            all_are_in.wait(timeout=60)
            may_go_on.wait(timeout=60)

    with ThreadPoolExecutor(HASHES_AT_ONCE) as pool:
        slow = [pool.submit(hash_slowly) for _ in range(HASHES_AT_ONCE)]
        all_are_in.wait(timeout=60)
        with pytest.raises(Overloaded):
            QuickHasher().encode("one more", QuickHasher().salt())
        may_go_on.set()
        for each in slow:
            each.result()

    assert QuickHasher().encode("afterwards", QuickHasher().salt())


@pytest.mark.django_db
def test_a_call_beyond_them_is_asked_to_come_back(client, settings, monkeypatch):
    user = UserFactory.create()
    settings.PASSWORD_HASHERS = [f"{__name__}.QuickHasher"]
    monkeypatch.setattr(hashers, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(hashers, "_places", threading.Semaphore(0))

    response = client.post(
        "/api/v1/auth/token",
        {"email": user.email, "password": "any"},
        content_type="application/json",
    )

    assert (response.status_code, response.json()["code"]) == (503, "UNAVAILABLE")
    assert response["Retry-After"] == "5"
