"""The reader on completions that real models wrote: MIRAGE's of MMLU, which also say their choice in a field."""

import os
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.letters import MIRAGE, closings, fields

REALDATA = os.environ.get("ULTRAMED_REALDATA")
pytestmark = pytest.mark.skipif(not REALDATA, reason="ULTRAMED_REALDATA is not set")


def test_the_field_is_read_as_it_says() -> None:
    """4,356 completions; 4,214 hold one letter of the four in `answer_choice`, 97 % of which are 4,088."""
    told = list(fields(Path(REALDATA or "") / MIRAGE))
    lettered = [(meant, read) for _, meant, read in told if meant]
    assert (len(told), len(lettered)) == (4356, 4214)
    assert all(read in (meant, None) for meant, read in lettered)
    assert sum(read is not None for _, read in lettered) >= 4088
    others = Counter(read for _, meant, read in told if not meant)
    assert sum(n for letter, n in others.items() if letter) == 2  # "930" and "156", each the text of an option


def test_reasonings_seldom_close_on_another_letter() -> None:
    """Two do, and mean it: "… inferior to the thyroid cartilage", which is B, before a C."""
    told = Counter("agree" if meant == read else "differ" for _, meant, read in
                   closings(Path(REALDATA or "") / MIRAGE) if read)
    assert told["agree"] > 1500 and told["differ"] <= 3
