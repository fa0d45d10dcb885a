"""Every request produces the recorded bytes and kinds of warnings, with any number of threads."""

import pytest

from golden.catalogue import outcome, recorded
from golden.requests import REQUESTS

RECORD = recorded()


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_bytes(name):
    for threads in (1, 2, 5):
        assert outcome(name, threads) == RECORD.get(name), f"{threads} threads"


def test_the_record_has_the_requests_and_no_others():
    assert set(RECORD) == set(REQUESTS)
