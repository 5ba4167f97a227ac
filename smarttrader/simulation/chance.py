"""Chance that repeats itself: a number for a key, in any order, in any process."""

import math
import zlib

MASK = 2**64 - 1


def seed_of(*parts: object) -> int:
    """Return the seed of a name; unlike hash(), the same in each process."""
    return zlib.crc32("/".join(map(str, parts)).encode())


def gauss(seed: int, number: int) -> float:
    """Return the normal deviate that belongs to a number under a seed."""
    mixed = _mix(_mix(seed) ^ number)
    first = ((mixed >> 32) + 1) / 2**32
    second = (mixed & 0xFFFFFFFF) / 2**32
    return math.sqrt(-2 * math.log(first)) * math.cos(2 * math.pi * second)


def _mix(value: int) -> int:
    # splitmix64: a hundred times faster than seeding a random.Random for one number.
    value = (value + 0x9E3779B97F4A7C15) & MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)
