"""The one list of families with their names. A new family is one more entry here.

``amin-ref worst-case --family`` and the pages take names, default parameters and theorems from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isqrt
from types import MappingProxyType

from amin_ref.families.adaptive import adaptive, fewest_slots
from amin_ref.families.longest_first import longest_first
from amin_ref.families.mixes import decaying_tail, steady, two_lengths, uniform_tail
from amin_ref.families.staggered import staggered
from amin_ref.families.volume import volume
from amin_ref.model.errors import InvalidValue
from amin_ref.model.instance import Instance
from amin_ref.model.validation import LARGEST, whole_number

Parameters = Mapping[str, int]
"""The arguments of a family's function, by their names."""


@dataclass(frozen=True, slots=True)
class Family:
    """A family of instances that are bad for one policy.

    Attributes:
        name: the name on the command line, such as ``"staggered"``.
        theorem: the theorem that explains the ratio, such as ``"T15"``.
        policy: name of the policy in ``amin_ref.policies.names``.
        shuffle: seed of the random order that breaks ties; ``None``: ties are broken by position.
        explanation: a sentence that says why the policy is far from the optimum.
        defaults: the parameters for a given u.
        build: makes the instance from all parameters.
    """

    name: str
    theorem: str
    policy: str
    shuffle: int | None
    explanation: str
    defaults: Callable[[int], Parameters]
    build: Callable[[Parameters], Instance]

    def parameters(self, upper: int, changed: Parameters = MappingProxyType({})) -> Parameters:
        """The parameters for u = ``upper``: the defaults, except for those that are given.

        Args:
            upper: u, the longest output that is predicted; tokens, at least 2.
            changed: parameters that differ from their defaults, by name.

        Raises:
            InvalidValue: ``upper`` is out of its range, or so large that a default would be no
                number of requests that JSON keeps exact; or a name is none of the family's.
        """
        whole_number("upper", upper, 2, "tokens")
        defaults = self.defaults(upper)
        for name, value in defaults.items():
            if value > LARGEST and name not in changed:
                raise InvalidValue(
                    "upper",
                    upper,
                    f"with it, the default of {name} would be larger than 2**53 - 1",
                    f"give a smaller upper, or {name} as well",
                )
        for name in changed:
            if name not in defaults or name == "upper":
                known = ", ".join(sorted(set(defaults) - {"upper"}))
                raise InvalidValue(
                    "parameter",
                    name,
                    f"the family {self.name} has no further parameter of this name",
                    f"give one of {known}",
                )
        return {**defaults, **changed}

    def instance(self, parameters: Parameters) -> Instance:
        """The instance with these parameters.

        Args:
            parameters: all of them, as :meth:`parameters` returns them.

        Raises:
            InvalidValue: a parameter is out of its range.
        """
        return self.build(parameters)


LONG_PER_UPPER = 10
"""K/u of ``staggered``: more than half of the limit's ratio at u = 64, with 23,102 requests."""

ROUNDS_PER_UPPER = 3
"""T/u of ``adaptive``: half of the limit's ratio at u = 64, with 76,861 requests."""

UPPER_PER_SLOT = 4
"""u/c of ``adaptive``, chosen together with :data:`ROUNDS_PER_UPPER`."""

UPPER_PER_LONGEST = (16, 5)
"""u/L of ``longest_first`` as a fraction: at u = 64 the L with the largest ratio is near 20."""

BATCHES_PER_UPPER = 40
"""b/u of ``longest_first``: at u = 64 within 1 % of the ratio for many more batches."""

TOKENS_PER_UPPER = 16
"""M/u of the mixes, a compromise: larger caches have larger ratios, and take longer."""

REQUESTS_PER_TOKEN = 40
"""n/M of the mixes: the ratio hardly grows beyond it."""


def _staggered_defaults(upper: int) -> Parameters:
    # The best m for given K is K·√N, N = ⌊M/(s + 1)⌋/c; here s = c = 1.
    long = LONG_PER_UPPER * upper
    return {
        "prompt_len": 1,
        "upper": upper,
        "slots": 1,
        "long": long,
        "short": isqrt(long * long * (volume(1, upper) // 2)),
    }


def _adaptive_defaults(upper: int) -> Parameters:
    # The best m for given T is T·√(c·N), N = ⌊M/v(ℓ)⌋; here s = 1, ℓ = 2.
    prompt_len, lower = 1, 2
    slots = max(fewest_slots(prompt_len, lower, upper), upper // UPPER_PER_SLOT)
    rounds = ROUNDS_PER_UPPER * upper
    at_once = slots * volume(prompt_len, upper - lower) // volume(prompt_len, lower)
    return {
        "prompt_len": prompt_len,
        "lower": lower,
        "upper": upper,
        "slots": slots,
        "rounds": rounds,
        "short": isqrt(rounds * rounds * slots * at_once),
    }


def _longest_first_defaults(upper: int) -> Parameters:
    numerator, denominator = UPPER_PER_LONGEST
    return {
        "prompt_len": 1,
        "lower": 1,
        "upper": upper,
        "at_once": 1,
        "longest": max(1, upper * denominator // numerator),
        "batches": BATCHES_PER_UPPER * upper,
    }


def _steady_defaults(upper: int) -> Parameters:
    # The list ends before round u, so n is a small multiple of M.
    return {"prompt_len": 1, "upper": upper, "capacity": 10 * TOKENS_PER_UPPER * upper}


def _mix_defaults(upper: int) -> Parameters:
    capacity = TOKENS_PER_UPPER * upper
    return {
        "prompt_len": 1,
        "upper": upper,
        "requests": REQUESTS_PER_TOKEN * capacity,
        "capacity": capacity,
    }


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        family.name: family
        for family in (
            Family(
                name="staggered",
                theorem="T15",
                policy="amin",
                shuffle=None,
                explanation="Nothing overflows, so Amin evicts no request, learns nothing, and "
                "serves the requests in the order of rank, as FCFS does: long requests that "
                "start a few a round keep the cache full, and all short ones wait.",
                defaults=_staggered_defaults,
                build=lambda given: staggered(**given),
            ),
            Family(
                name="adaptive",
                theorem="T15",
                policy="amin",
                shuffle=None,
                explanation="The output lengths are what an adversary chose while Amin ran: the "
                "oldest requests complete just before the cache would overflow, so Amin evicts "
                "no request and serves the requests in the order of rank.",
                defaults=_adaptive_defaults,
                build=lambda given: adaptive(**given),
            ),
            Family(
                name="longest-first",
                theorem="T13",
                policy="amax",
                shuffle=None,
                explanation="Amax reserves the upper bound for every request, so it runs few at "
                "once and leaves the cache nearly empty, and the longest requests come first.",
                defaults=_longest_first_defaults,
                build=lambda given: longest_first(**given),
            ),
            Family(
                name="steady",
                theorem="T17",
                policy="amin",
                shuffle=0,
                explanation="The lengths are mixed so that, in random order, what running requests "
                "need next leaves room for the same few admissions in every round: no request is "
                "evicted before round u, and Amin learns nothing.",
                defaults=_steady_defaults,
                build=lambda given: steady(**given),
            ),
            Family(
                name="two-lengths",
                theorem="T17",
                policy="amin",
                shuffle=0,
                explanation="A few long requests are mixed among short ones; each starts with the "
                "smallest bound, and the long ones hold most of the cache for u rounds.",
                defaults=_mix_defaults,
                build=lambda given: two_lengths(**given),
            ),
            Family(
                name="uniform-tail",
                theorem="T17",
                policy="amin",
                shuffle=0,
                explanation="Most requests have one token, and a share of 6/u any length up to u: "
                "requests of one token wait behind long ones that start with the same bound.",
                defaults=_mix_defaults,
                build=lambda given: uniform_tail(**given),
            ),
            Family(
                name="decaying-tail",
                theorem="T17",
                policy="amin",
                shuffle=0,
                explanation="Most requests have one token, and long ones are rarer the longer they "
                "are: requests of one token wait behind long ones that start with the same bound.",
                defaults=_mix_defaults,
                build=lambda given: decaying_tail(**given),
            ),
        )
    }
)
"""Every family by its name."""
