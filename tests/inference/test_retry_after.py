"""What a Retry-After may be."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from ultramed.inference.http.endpoint import LONGEST_WAIT_S, retry_after


@pytest.mark.parametrize(("after", "seconds"), [
    ("2", 2.0), ("0.5", 0.5), (" 3 ", 3.0), ("-1", 0.0), ("1e9", LONGEST_WAIT_S), ("", 0.0), ("soon", 0.0),
    ("nan", 0.0), ("NaN", 0.0), ("-nan", 0.0), ("inf", 0.0), ("-inf", 0.0), ("Infinity", 0.0), ("1e999", 0.0),
    ("Mon, 01 Jan 99999 00:00:00 GMT", 0.0), ("Mon, 01 Jan 0001 00:00:00 +2359", 0.0), ("Mon, 99 Xyz", 0.0),
    ("Fri, 01 Jan 2010 00:00:00 GMT", 0.0), ("9" * 100_000, 0.0),
])
def test_a_number_or_a_date_else_nothing(after: str, seconds: float) -> None:
    assert retry_after(after) == seconds


def test_a_date_is_waited_for() -> None:
    assert 50 < retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)) <= 60
