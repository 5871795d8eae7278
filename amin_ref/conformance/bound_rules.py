"""The output length that a policy assumes for each request: by its rule, and with a known bug."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from amin_ref.conformance.verdict import BoundPolicyName, BugRule
from amin_ref.model.instance import Instance
from amin_ref.model.request import Request

Length = Callable[[Instance, Request], int]
"""A length that follows from an instance and one of its requests; tokens."""


def lower(instance: Instance, request: Request) -> int:
    """ℓ, and no more than fits the empty cache, where ℓ may be wrong (decision D49); tokens."""
    return min(request.lower, longest_output(instance, request))


def longest_output(instance: Instance, request: Request) -> int:
    """The longest output with which a request fits the empty cache; tokens."""
    whole_blocks = instance.capacity - instance.capacity % instance.block_size
    unstored = 0 if instance.machine.last_token_stored else 1
    return whole_blocks - request.prompt_len + unstored


def output(_: Instance, request: Request) -> int:
    """The true length o; tokens."""
    return request.output_len


def reserved(instance: Instance, request: Request) -> int:
    """What Amax reserves: u, but no more than fits in whole blocks (specification, section 4)."""
    most = longest_output(instance, request)
    return most if request.upper is None else min(request.upper, most)


def upper_if_known(_: Instance, request: Request) -> int:
    """The predicted upper bound u, and ℓ where it is unknown; tokens."""
    return request.lower if request.upper is None else request.upper


def at_least_generated(bound: int, generated: int) -> int:
    """Step 2 of Amin: a request that has generated a tokens has an output of at least a."""
    return max(bound, generated)


def one_more_than_generated(bound: int, generated: int) -> int:
    """As step 2, but refines to a + 1 (decision D3)."""
    return max(bound, generated + 1)


def one_less_than_generated(bound: int, generated: int) -> int:
    """As step 2, but refines to a - 1 (decision D3)."""
    return max(bound, generated - 1)


def unrefined(bound: int, generated: int) -> int:
    """The bound as it was: no step 2."""
    del generated
    return bound


@dataclass(frozen=True, slots=True)
class BoundRule:
    """How a policy arrives at the output length that it assumes, and at the order of requests.

    Attributes:
        first: the length assumed when a request arrives; tokens.
        refined: the length assumed of a running request, from the length assumed before and the
            tokens generated in the run; tokens.
        remembers: whether an evicted request keeps the refined length.
        order: the length that orders requests; ``None``: the assumed length orders them.
    """

    first: Length
    refined: Callable[[int, int], int] = at_least_generated
    remembers: bool = True
    order: Length | None = None


BOUND_RULES: Mapping[BoundPolicyName, BoundRule] = {
    "amin": BoundRule(lower),
    "amax": BoundRule(reserved),
    "h-sf": BoundRule(output, unrefined),
}
"""The rule of each policy: sections 3 and 4 of the specification, and for Amax section 7.

Where predictions are sound, no request outlives what Amax reserves, and nothing is refined.
"""


@dataclass(frozen=True, slots=True)
class _Assumptions:
    """A bound rule as far as it matters for one instance: the lengths instead of how to get them.

    Attributes:
        first: the length first assumed of each request; tokens.
        order: the length that orders each request; ``None``: the assumed length does; tokens.
        refined: as in :class:`BoundRule`.
        remembers: as in :class:`BoundRule`.
    """

    first: tuple[int, ...]
    order: tuple[int, ...] | None
    refined: Callable[[int, int], int]
    remembers: bool


def assumptions(bound_rule: BoundRule, instance: Instance) -> _Assumptions:
    """What a bound rule assumes of an instance. The instance cannot tell rules of equal ones."""
    order = bound_rule.order
    return _Assumptions(
        tuple(bound_rule.first(instance, request) for request in instance.requests),
        None if order is None else tuple(order(instance, request) for request in instance.requests),
        bound_rule.refined,
        bound_rule.remembers,
    )


@dataclass(frozen=True, slots=True)
class KnownBug:
    """A bound rule that a faulty implementation of the policy may have instead of the policy's.

    Attributes:
        rule: name of the bug.
        behaviour: what a policy with the bug does, to be read after "if it".
        bound_rule: the wrong bound rule.
    """

    rule: BugRule
    behaviour: str
    bound_rule: BoundRule


_READS_UPPER = "read the upper bound, which it never does (T5)"
_READS_OUTPUT = "knew the output lengths before completion (T5)"

KNOWN_BUGS: Mapping[BoundPolicyName, tuple[KnownBug, ...]] = {
    "amin": (
        KnownBug(
            "did-not-refine", "never refined its bounds (step 2)", BoundRule(lower, unrefined)
        ),
        KnownBug(
            "forgot-what-it-learnt",
            "lost on eviction the bound that it had refined (T3)",
            BoundRule(lower, remembers=False),
        ),
        KnownBug(
            "refined-too-far",
            "refined to a + 1 after a tokens (D3)",
            BoundRule(lower, one_more_than_generated),
        ),
        KnownBug(
            "refined-too-late",
            "refined to a - 1 after a tokens (D3)",
            BoundRule(lower, one_less_than_generated),
        ),
        KnownBug("read-the-upper-bound", _READS_UPPER, BoundRule(upper_if_known)),
        KnownBug("read-the-upper-bound", _READS_UPPER, BoundRule(reserved)),
        KnownBug("read-the-upper-bound", _READS_UPPER, BoundRule(lower, order=upper_if_known)),
        KnownBug("read-the-output-length", _READS_OUTPUT, BoundRule(output)),
        KnownBug("read-the-output-length", _READS_OUTPUT, BoundRule(lower, order=output)),
    ),
    "amax": (KnownBug("read-the-output-length", _READS_OUTPUT, BoundRule(output, unrefined)),),
    "h-sf": (
        KnownBug(
            "read-the-upper-bound",
            "used the upper bound instead of the output length",
            BoundRule(reserved, unrefined),
        ),
    ),
}
"""The bugs of each policy, the likeliest explanation first."""


def recognisable_bugs(policy: BoundPolicyName, instance: Instance) -> Iterator[KnownBug]:
    """The policy's known bugs that the instance can tell from each other, the likeliest first.

    A bug is left out if the instance has no upper bound that it could have read, or if a bug of
    another name assumes the same of every request: a schedule that one of them explains, the other
    explains as well. Where u = o, for example, no schedule shows which of the two was read.
    """
    usual = BOUND_RULES[policy]
    found = [bug for bug in KNOWN_BUGS[policy] if _reads_what_is_there(bug, usual, instance)]
    assumed = [assumptions(bug.bound_rule, instance) for bug in found]
    for bug, same in zip(found, assumed, strict=True):
        names = {other.rule for other, also in zip(found, assumed, strict=True) if also == same}
        if len(names) == 1:
            yield bug


def _reads_what_is_there(bug: KnownBug, usual: BoundRule, instance: Instance) -> bool:
    """Whether, of a bug that reads upper bounds, one that is given changes what is assumed.

    Such a bug assumes M - s where none is given, and that alone is no sign that one was read.
    """
    if bug.rule != "read-the-upper-bound":
        return True
    read = bug.bound_rule.order or bug.bound_rule.first
    return any(
        request.upper is not None and read(instance, request) != usual.first(instance, request)
        for request in instance.requests
    )
