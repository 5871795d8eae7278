"""The one list of families with their names. A new family is one more entry here.

``amin-ref worst-case --family`` and the pages take names, default parameters and theorems from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isqrt
from types import MappingProxyType

from amin_ref.families.adaptive import adaptive, fewest_slots
from amin_ref.families.staggered import staggered
from amin_ref.families.volume import volume
from amin_ref.model.errors import InvalidValue
from amin_ref.model.instance import Instance
from amin_ref.model.validation import whole_number

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
            InvalidValue: ``upper`` is out of its range, or a name is none of the family's.
        """
        whole_number("upper", upper, 2, "tokens")
        defaults = self.defaults(upper)
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
        )
    }
)
"""Every family by its name."""
