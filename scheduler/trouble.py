"""A trouble that lasts is told once, and so is its end: a line for every try would bury all others."""

import logging

logger = logging.getLogger(__name__)


class Trouble:
    """One thing that may not work for a while; `what` says it as a sentence would: "the ledger cannot be read"."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._cause = ""

    def met(self, cause: str) -> None:
        """It does not work, and why; told when the cause is new."""
        if cause != self._cause:
            logger.warning("%s, trying again: %s", self._what, cause)
        self._cause = cause

    def over(self) -> None:
        """It works."""
        if self._cause:
            logger.info("%s: that is over", self._what)
        self._cause = ""
