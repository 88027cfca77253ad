"""The releases of the rotation that count, and the share that is enough."""

from wxyc_assets.domain.rotation import (
    ActiveRotation,
    IdentifiedCount,
    RotationBasis,
    RotationRelease,
)


def release(number: int, identity: int | None, *, is_resolvable: bool = True) -> RotationRelease:
    return RotationRelease(number, "Stereolab", "Dots and Loops", identity, is_resolvable)


ACTIVE = ActiveRotation(
    [
        release(1, 7),
        release(2, 5),
        release(3, 7),
        release(4, None),
        release(5, None, is_resolvable=False),
        release(6, 9, is_resolvable=False),
    ]
)


def test_each_basis_counts_its_releases() -> None:
    assert ACTIVE.count(RotationBasis.RESOLVABLE) == IdentifiedCount(3, 4)
    assert ACTIVE.count(RotationBasis.ABSOLUTE) == IdentifiedCount(4, 6)


def test_the_unidentified_are_those_that_count() -> None:
    unidentified = {
        basis: [each.rotation_id for each in ACTIVE.unidentified(basis)] for basis in RotationBasis
    }
    assert unidentified == {RotationBasis.RESOLVABLE: [4], RotationBasis.ABSOLUTE: [4, 5]}


def test_an_identity_in_rotation_twice_is_refreshed_once() -> None:
    assert ACTIVE.identity_ids == [5, 7, 9]


def test_a_share_at_the_floor_is_enough_and_one_of_nothing_is_not() -> None:
    assert IdentifiedCount(99, 100).reaches(0.99)
    assert not IdentifiedCount(98, 100).reaches(0.99)
    assert not IdentifiedCount(0, 0).reaches(0)
    assert IdentifiedCount(0, 0).share == 0
