"""The courier, kept from stopping anybody else: what it trips over is one message's outcome."""

import asyncio
import logging
from collections.abc import Sequence

from scheduler.model import Campaign, Delivery, GiveUp, Outcome, Run, Uncertain
from scheduler.ports import Courier, Parcel

logger = logging.getLogger(__name__)


class GuardedCourier:
    """A courier that never raises, and does not take for ever over a request.

    Args:
        courier: prepares messages, each of which hands itself to the channel.
        account: whose courier it is, for the log.
        send_timeout_s: how long a request may take before it is uncertain.
    """

    def __init__(self, courier: Courier, account: str, send_timeout_s: float) -> None:
        self._courier = courier
        self._account = account
        self._send_timeout_s = send_timeout_s

    async def prepare(
        self, batch: Sequence[Delivery], run: Run, campaign: Campaign | None
    ) -> Sequence[Parcel | Outcome]:
        """As the courier says; where it fails, the whole batch of this run is given up, and no other."""
        try:
            return await self._courier.prepare(batch, run, campaign)
        except Exception as error:  # noqa: BLE001 - whatever one run trips over must not stop the others
            return [self._failed(error)] * len(batch)

    async def send(self, parcel: Parcel) -> Outcome:
        """Send one message."""
        try:
            async with asyncio.timeout(self._send_timeout_s):
                return await parcel.send()
        except TimeoutError:
            return Uncertain("no answer in time")
        except Exception as error:  # noqa: BLE001 - whatever one message trips over must not stop the others
            return self._failed(error)

    def _failed(self, error: Exception) -> GiveUp:
        # Only the class is logged: an exception's text can carry the message or the address.
        logger.error("the courier of %s failed: %s", self._account, type(error).__name__)
        return GiveUp(type(error).__name__)
