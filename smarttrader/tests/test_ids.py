from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from smarttrader.lib.ids import derived_uuid7, moment_bounds, placed_uuid7, uuid7

NOW = datetime(2026, 3, 20, 12, 0, 0, 123456, tzinfo=UTC)
A_MILLISECOND = timedelta(milliseconds=1)


def test_new_ids_are_of_the_present_and_each_is_above_the_one_before():
    before = datetime.now(UTC)
    made = [uuid7() for _ in range(5000)]

    assert made == sorted(set(made))
    assert {(each.version, each.variant) for each in made} == {
        (7, "specified in RFC 4122")
    }
    assert moment_bounds(made[0])[1] > before
    assert moment_bounds(made[-1])[0] < datetime.now(UTC) + 10 * A_MILLISECOND


def test_threads_never_share_a_tick():
    with ThreadPoolExecutor(4) as pool:
        batches = list(pool.map(lambda _: [uuid7() for _ in range(2000)], range(4)))

    assert all(batch == sorted(batch) for batch in batches)
    assert len({each.int >> 62 for batch in batches for each in batch}) == 8000


def test_placed_id_is_a_uuid7_of_its_moment():
    identifier = placed_uuid7(NOW, 7, "a")

    assert (identifier.version, identifier.variant) == (
        7,
        "specified in RFC 4122",
    )
    start, end = moment_bounds(identifier)
    assert start <= NOW < end


def test_derived_and_placed_ids_are_the_same_for_the_same_parts():
    assert derived_uuid7(NOW, "a", b"b") == derived_uuid7(NOW, "a", b"b")
    assert placed_uuid7(NOW, 1, "a", b"b") == placed_uuid7(NOW, 1, "a", b"b")


def test_parts_are_kept_apart():
    assert derived_uuid7(NOW, "ab", "c") != derived_uuid7(NOW, "a", "bc")
    assert placed_uuid7(NOW, 1, "ab", "c") != placed_uuid7(NOW, 1, "a", "bc")


@given(st.integers(0, 2**24 - 2), st.text(), st.text())
def test_placed_ids_of_one_moment_sort_by_their_place(place, one, other):
    assert placed_uuid7(NOW, place, one) < placed_uuid7(NOW, place + 1, other)


@given(st.integers(0, 2**63), st.integers(0, 2**63))
def test_placed_ids_sort_by_their_moment_first(place, other):
    assert placed_uuid7(NOW, place) < placed_uuid7(NOW + A_MILLISECOND, other)
