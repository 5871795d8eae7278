"""Words that the explanations of all policies share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from amin_ref.conformance.admission_order import Share, WrongShare
from amin_ref.model.errors import MOST_NAMED, shown
from amin_ref.model.instance import Instance
from amin_ref.model.validation import RequestId


def evicted_and_admitted(evicted: Sequence[RequestId], admitted: Sequence[RequestId]) -> str:
    """Evictions and admissions, to be read after "has" or "would have"."""
    return f"evicted {names(evicted)} and admitted {names(admitted)}"


def names(requests: Sequence[RequestId]) -> str:
    """The requests, of which a few are named and the others counted."""
    return and_others([shown(r) for r in requests[:MOST_NAMED]], len(requests) - MOST_NAMED)


def and_others(words: Sequence[str], others: int) -> str:
    """The words, and how many others there are; "none" for no words."""
    if others > 0:
        return f"{', '.join(words)} and {others} more"
    return ", ".join(words) or "none"


def tokens(number: int) -> str:
    """A number of tokens."""
    return f"{number} token{'s' * (number != 1)}"


def limits(instance: Instance) -> str:
    """The cache and the limits of a round, as a clause."""
    machine, size = instance.machine, instance.block_size
    words = [f"the cache has {instance.capacity} tokens{f' in blocks of {size}' * (size > 1)}"]
    if machine.tokens_per_round is not None:
        words.append(f"a round computes at most {tokens(machine.tokens_per_round)}")
    if machine.max_running is not None:
        words.append(f"at most {machine.max_running} run")
    if machine.watermark:
        words.append(f"an admission leaves {machine.watermark} blocks free")
    return ", ".join(words)


def wrong_share(
    wrong: WrongShare,
    shares: Mapping[RequestId, Share],
    admitted: Collection[RequestId],
    *,
    is_limited: bool,
) -> str:
    """Why the tokens of a round are not given as a policy gives them: a sentence.

    Args:
        wrong: what is wrong.
        shares: what each running request computes.
        admitted: those that start in the round.
        is_limited: whether a round computes a limited number of tokens.
    """
    share = shares[wrong.request]
    less = f"{shown(wrong.request)} computes {share.taken} of {tokens(share.rest)}"
    if wrong.later is not None:
        return (
            f"The tokens of a round go to the running requests in order of admission: {less}, and "
            f"yet {shown(wrong.later)}, which is not before it, computes "
            f"{shares[wrong.later].taken}."
        )
    if not is_limited:
        return f"A round has no limit of tokens, so a prefix is computed whole: {less}."
    if wrong.request in admitted and not share.taken:
        return f"A request starts only if tokens of the round are left for it: {less}."
    return f"A request computes less than the rest of its prefix only if none are left: {less}."
