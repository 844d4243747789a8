"""Pictures of one person beside each other: whether one is a copy of another (R-LIF-7). Pure."""

from __future__ import annotations

#: Bits of 64 in which two perceptual hashes may differ and still be one picture taken from a screen or a paper.
NEAR = 5


def distance(one: str, other: str) -> int:
    """In how many bits two hashes differ; hashes of another length are as far apart as can be."""
    if not one or len(one) != len(other):
        return max(len(one), len(other)) * 4
    return (int(one, 16) ^ int(other, 16)).bit_count()


def is_near_copy(one: str, other: str) -> bool:
    return bool(one) and distance(one, other) <= NEAR
