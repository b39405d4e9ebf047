"""A real homeserver does what the contract says, so that what is tested against the other one is worth something."""

from collections.abc import AsyncIterator

import pytest

from tests.matrix.synapse import PASSWORD, Synapse
from tests.matrix_api.contract import Client, Contract, clients
from tests.matrix_api.echoes import Echoes


@pytest.fixture
async def nobody(homeserver: Synapse) -> AsyncIterator[Client]:
    async with clients(homeserver.url) as client:
        yield client


@pytest.fixture
async def bot(homeserver: Synapse, nobody: Client) -> Client:
    return await nobody.signs_in(homeserver.newcomer("bot"), PASSWORD, "BOT")


@pytest.fixture
async def anna(homeserver: Synapse, nobody: Client) -> Client:
    return await nobody.signs_in(homeserver.newcomer("anna"), PASSWORD, "ANNA")


class TestContract(Contract):
    """What the homeserver of the other tests does, a real one does too."""


class TestEchoes(Echoes):
    """What our account hears while it speaks, on a real homeserver."""
