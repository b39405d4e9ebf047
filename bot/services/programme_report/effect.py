"""Whether people know more: their first against their latest attempt at the same quiz."""

import math
from dataclasses import dataclass
from statistics import NormalDist

from bot.domain.areas import Area
from bot.services.programme_report import cells
from bot.services.programme_report.model import COLUMNS, TOTAL, Gap, Name, Row, Table, Value
from bot.storage.yearly import Paired

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Gain:
    """Mean shares of right answers before and after, and the mean of the differences with its interval."""

    before: float
    after: float
    gain: float
    low: float
    high: float


def gain_of(pairs: Paired) -> Gain:
    """The paired t interval of a mean difference; needs two people at least.

    NIST/SEMATECH e-Handbook of Statistical Methods, 7.3.1.1 "Analysis of paired observations":
    https://www.itl.nist.gov/div898/handbook/prc/section3/prc311.htm
    """
    n = pairs.people
    mean = pairs.gain / n
    variance = max(0.0, pairs.gain_squared - n * mean * mean) / (n - 1)
    half = t_quantile((1 + CONFIDENCE) / 2, n - 1) * math.sqrt(variance / n)
    return Gain(pairs.before / n, pairs.after / n, mean, mean - half, mean + half)


def t_quantile(share: float, freedom: int) -> float:
    """The quantile of Student's t, right to a hundredth from four degrees of freedom on.

    M. Abramowitz, I. A. Stegun, Handbook of Mathematical Functions, 26.7.5.
    """
    z = NormalDist().inv_cdf(share)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return float(sum(term / freedom**power for power, term in enumerate(terms)))


def gain_table(found: list[Paired]) -> Table:
    """What people gained in each area, and in all together."""
    by_area = {pairs.area: pairs for pairs in found}
    keys = [*(area.value for area in Area), None]
    people = [cells.of_people(by_area[key].people if key in by_area else 0) for key in keys]
    shown, total = cells.line(people[:-1], people[-1])
    rows = (
        Row(key or TOTAL, _values(by_area.get(key), count)) for key, count in zip(keys, [*shown, total], strict=True)
    )
    return Table(Name.GAIN, tuple(rows))


def _values(pairs: Paired | None, people: Value) -> tuple[Value, ...]:
    others = len(COLUMNS[Name.GAIN]) - 1
    if people == Gap.HIDDEN:
        return (Gap.HIDDEN,) * (others + 1)
    if pairs is None or not pairs.people:
        return (0, *(Gap.UNMEASURED,) * others)
    gain = gain_of(pairs)
    return (people, gain.before, gain.after, gain.gain, gain.low, gain.high)
