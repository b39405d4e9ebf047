"""A homeserver of our own, for tests and measurements: strict, over HTTP, and as unreliable as asked.

It speaks what a bot needs of the Matrix client-server API, in plain rooms. A real Synapse answers the same in
`tests/matrix`; this one knows thousands of rooms at once and can lose answers.
"""

from tests.matrix_api.limits import Bucket
from tests.matrix_api.people import Heard, Person
from tests.matrix_api.server import MatrixApi
from tests.telegram_api.faults import Dropped, Fault, Lost, ServerError, Slow, TooMany, Weather

__all__ = [
    "Bucket",
    "Dropped",
    "Fault",
    "Heard",
    "Lost",
    "MatrixApi",
    "Person",
    "ServerError",
    "Slow",
    "TooMany",
    "Weather",
]
