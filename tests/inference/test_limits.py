"""Limits on requests to one endpoint. Times are set by hand, in seconds, from 100 on."""

import pytest

from ultramed.inference.http.limits import Bucket, Throttle

START = 100.0


def full(per_minute: int) -> Bucket:
    return Bucket(per_minute, START)


def slowed(concurrency: int = 8) -> Throttle:
    """A throttle after a 429, at 101, to a request sent at 100."""
    throttle = Throttle(concurrency)
    throttle.slower(sent_at=START, wait=0.0, now=START + 1)
    return throttle


def test_a_burst_of_five_seconds_is_there_at_once_and_then_nothing() -> None:
    """120 per minute are 2 per second: 10 at once, then one every half second."""
    bucket = full(120)
    for _ in range(10):
        assert bucket.wait(1, START) == 0
        bucket.take(1)
    assert bucket.wait(1, START) == pytest.approx(0.5)
    assert bucket.wait(1, START + 0.3) == pytest.approx(0.2)
    assert bucket.wait(1, START + 0.5) == pytest.approx(0, abs=1e-9)


def test_an_idle_bucket_fills_up_to_its_burst_and_no_further() -> None:
    bucket = full(120)
    bucket.take(10)
    assert bucket.wait(4, START + 2) == pytest.approx(0)
    assert bucket.wait(10, START + 3600) == 0
    bucket.take(10)
    assert bucket.wait(1, START + 3600) == pytest.approx(0.5)


@pytest.mark.parametrize("per_minute", [1, 6, 60, 600])
def test_in_no_minute_is_more_let_through_than_the_limit_and_one_burst(per_minute: int) -> None:
    bucket, now, sent = full(per_minute), START, 0
    while (wait := bucket.wait(1, now)) + now < START + 60:
        now += wait
        bucket.take(1)
        sent += 1
    assert per_minute <= sent <= per_minute + max(1, per_minute * 5 / 60)


def test_a_limit_of_less_than_one_in_a_burst_still_lets_one_through() -> None:
    """6 per minute: half a request in 5 s. The first goes at once, the next after 10 s."""
    bucket = full(6)
    assert bucket.wait(1, START) == 0
    bucket.take(1)
    assert bucket.wait(1, START) == pytest.approx(10)


def test_more_than_the_bucket_holds_is_let_through_once_and_waited_for_afterwards() -> None:
    """600 per minute are 10 per second, 50 at once. 80 go when it is full; 30 are owed, so 10 more need 4 s."""
    bucket = full(600)
    assert bucket.wait(80, START) == 0
    bucket.take(80)
    assert bucket.wait(10, START) == pytest.approx(4)
    assert bucket.wait(80, START) == pytest.approx(8), "full again"


def test_what_is_given_back_may_be_taken_at_once_but_never_beyond_the_burst() -> None:
    bucket = full(600)
    bucket.take(50)
    bucket.take(-20)
    assert bucket.wait(20, START) == 0 and bucket.wait(30, START) == pytest.approx(1)
    bucket.take(-500)
    bucket.take(50)
    assert bucket.wait(10, START) == pytest.approx(1)


def test_a_throttle_counts_what_is_in_flight() -> None:
    throttle = Throttle(3)
    for left in (2, 1, 0):
        throttle.take(10)
        assert throttle.room() == left
    throttle.give()
    assert (throttle.room(), throttle.in_flight) == (1, 2)


def test_one_that_is_shut_has_no_room() -> None:
    throttle = Throttle(3)
    throttle.shut = True
    assert throttle.room() == 0
    throttle.shut = False
    assert throttle.room() == 3


def test_concurrency_is_halved_once_for_all_requests_sent_before_a_429() -> None:
    throttle = slowed(8)
    for sent_at in (START - 5, START + 0.5, START + 1):
        throttle.slower(sent_at, wait=0.0, now=START + 2)
    assert throttle.room() == 4
    throttle.slower(sent_at=START + 1.5, wait=0.0, now=START + 2)
    assert throttle.room() == 2, "that one was sent after it slowed down"


def test_concurrency_never_falls_below_one() -> None:
    throttle = Throttle(4)
    for n in range(20):
        throttle.slower(sent_at=START + n, wait=0.0, now=START + n + 0.5)
    assert throttle.room() == 1


def test_what_is_in_flight_when_the_throttle_narrows_is_waited_for() -> None:
    throttle = Throttle(8)
    for _ in range(8):
        throttle.take(0)
    throttle.slower(sent_at=START, wait=0.0, now=START + 1)
    for flying, room in ((7, 0), (6, 0), (5, 0), (4, 0), (3, 1)):
        throttle.give()
        assert (throttle.in_flight, throttle.room()) == (flying, room)


def test_concurrency_grows_by_one_a_round_of_answers_up_to_the_limit() -> None:
    """From 2: about 2 answers make 3, about 3 more make 4; rounding may require one more answer."""
    throttle, rooms = slowed(4), []
    for _ in range(100):
        throttle.quicker()
        rooms.append(throttle.room())
    assert rooms[0] == 2 and rooms[2] == 3 and rooms[6] == 4
    assert max(rooms) == rooms[-1] == 4


def test_nothing_is_sent_until_the_longest_retry_after_is_over() -> None:
    throttle = Throttle(4)
    throttle.slower(sent_at=START, wait=20.0, now=START)
    throttle.slower(sent_at=START, wait=3.0, now=START + 1)
    assert throttle.wait(0, START + 1) == pytest.approx(19)
    assert throttle.wait(0, START + 20) == throttle.wait(0, START + 500) == 0
    assert throttle.room() == 2, "the pause does not change the room"


def test_of_all_waits_the_longest_counts() -> None:
    """120 requests and 600 tokens per minute: 10 requests of 5 tokens use both up; 1 more request takes 0.5 s, 10 more
    tokens 1 s."""
    throttle = Throttle(99, full(120), full(600))
    for _ in range(10):
        assert throttle.wait(5, START) == 0
        throttle.take(5)
    assert [throttle.wait(tokens, START) for tokens in (0, 10)] == [pytest.approx(0.5), pytest.approx(1)]
    throttle.slower(START, wait=3.0, now=START)
    assert throttle.wait(10, START) == pytest.approx(3)


def test_tokens_that_were_not_used_are_given_back() -> None:
    throttle = Throttle(99, tokens=full(600))
    throttle.take(50)
    assert throttle.wait(50, START) == pytest.approx(5)
    throttle.give(unused=40)
    assert throttle.wait(50, START) == pytest.approx(1)
    throttle.take(0)
    throttle.give(unused=-20)
    assert throttle.wait(50, START) == pytest.approx(3), "tokens beyond those set aside count, too"
