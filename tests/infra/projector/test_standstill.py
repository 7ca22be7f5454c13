"""A follower that does not move while the log goes on stands still, whatever its events' times say."""

from infra.projector import Standing, Standstill


def standing(position: int, head: int, follower: str = "seen_1") -> Standing:
    return Standing(follower, position, head, behind_seconds=-3600.0, failed_position=None, failure=None)


def test_it_counts_from_when_it_was_first_seen_where_it_is() -> None:
    now = 0.0
    standstill = Standstill(lambda: now)
    assert standstill.seconds(standing(3, 4)) == 0.0
    now = 30.0
    assert standstill.seconds(standing(3, 9)) == 30.0
    assert standstill.seconds(standing(4, 9)) == 0.0
    now = 31.0
    assert standstill.seconds(standing(4, 9)) == 1.0


def test_who_has_read_everything_does_not_stand_still_however_long_it_stays_there() -> None:
    now = 0.0
    standstill = Standstill(lambda: now)
    standstill.seconds(standing(3, 4))
    standstill.seconds(standing(3, 3))  # of a log that was restored
    now = 30.0
    assert standstill.seconds(standing(3, 3)) == 0.0
    assert standstill.seconds(standing(3, 4)) == 0.0


def test_each_follower_is_seen_by_itself() -> None:
    now = 0.0
    standstill = Standstill(lambda: now)
    standstill.seconds(standing(3, 4))
    now = 30.0
    assert standstill.seconds(standing(3, 4, "other_1")) == 0.0
    assert standstill.seconds(standing(3, 4)) == 30.0
