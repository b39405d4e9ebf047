import logging

import pytest

from scheduler.trouble import Trouble


def test_a_trouble_is_told_once_for_each_cause_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    trouble = Trouble("the ledger cannot be read")
    with caplog.at_level(logging.INFO):
        trouble.over()
        for cause in ("locked", "locked", "full", "full", "locked"):
            trouble.met(cause)
        trouble.over()
        trouble.over()
        trouble.met("locked")
    assert [record.getMessage() for record in caplog.records] == [
        "the ledger cannot be read, trying again: locked",
        "the ledger cannot be read, trying again: full",
        "the ledger cannot be read, trying again: locked",
        "the ledger cannot be read: that is over",
        "the ledger cannot be read, trying again: locked",
    ]
