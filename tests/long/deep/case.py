"""A case: an instance, a tie-break and a seed; how a case is chosen, stored and shrunk."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from amin_ref import Instance, InvalidValue, Request, RequestId
from amin_ref.model.instance import instance_document, instance_from_document
from amin_ref.model.json_reading import expect_array, expect_fields, expect_object, parse
from amin_ref.model.validation import is_request_id, whole_number


@dataclass(frozen=True)
class Case:
    """One instance on which all theorems are checked, and the random choices of the checks.

    Attributes:
        instance: the cache and its requests.
        ranking: ties are broken in this order of ids.
        seed: for random choices within the checks: other outputs for T5, prices for T10.
    """

    instance: Instance
    ranking: tuple[RequestId, ...]
    seed: int

    def to_json(self) -> str:
        """The case as one line of JSON."""
        return json.dumps(
            {
                "instance": instance_document(self.instance),
                "ranking": self.ranking,
                "seed": self.seed,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Case:
        """The case that :meth:`to_json` wrote."""
        found = expect_object(parse(text), "case")
        expect_fields(found, "case", ("instance", "ranking", "seed"), ())
        ranking = expect_array(found["ranking"], "case: ranking")
        return cls(
            instance_from_document(found["instance"]),
            tuple(request for request in ranking if is_request_id(request)),
            whole_number("case: seed", found["seed"], 0, "seeds"),
        )


def random_case(rng: random.Random) -> Case:
    """A small instance with a tight cache, random predictions and a random tie-break."""
    block_size = rng.choice((1, 1, 2, 4))
    longest = rng.choice((2, 4, 7))
    equal_prompts = rng.randint(1, 4) if rng.random() < 0.4 else None
    last_arrival = rng.choice((0, 0, 2, 5, 12))
    lowest = rng.random() < 0.4
    requests = []
    for position in range(rng.choice((1, 2, 3, 3, 4, 4))):
        output_len = rng.randint(1, longest)
        requests.append(
            Request(
                position,
                equal_prompts or rng.randint(1, 3 + block_size),
                output_len,
                1 if lowest else rng.randint(1, output_len),
                None if rng.random() < 0.3 else output_len + rng.randint(0, 3),
                rng.randint(0, last_arrival),
            )
        )
    largest = max(
        -(-(request.prompt_len + request.output_len) // block_size) * block_size
        for request in requests
    )
    ranking = [request.id for request in requests]
    rng.shuffle(ranking)
    return Case(
        Instance(largest + rng.randint(0, largest), tuple(requests), block_size),
        tuple(ranking),
        rng.randrange(2**32),
    )


def smaller(case: Case) -> Iterator[Case]:
    """Cases that are one step simpler, the largest steps first."""
    instance = case.instance
    for index, request in enumerate(instance.requests):
        if len(instance.requests) > 1:
            rest = instance.requests[:index] + instance.requests[index + 1 :]
            ranking = tuple(other for other in case.ranking if other != request.id)
            yield replace(case, instance=replace(instance, requests=rest), ranking=ranking)
    by_position = tuple(request.id for request in instance.requests)
    if case.ranking != by_position:
        yield replace(case, ranking=by_position)
    if instance.block_size > 1:
        yield replace(case, instance=replace(instance, block_size=1))
    for index, request in enumerate(instance.requests):
        for simpler in _simpler(request):
            requests = (*instance.requests[:index], simpler, *instance.requests[index + 1 :])
            yield replace(case, instance=replace(instance, requests=requests))
    try:
        yield replace(case, instance=replace(instance, capacity=instance.capacity - 1))
    except InvalidValue:
        return  # the largest request would not fit any more


def _simpler(request: Request) -> Iterator[Request]:
    if request.upper is not None:
        yield replace(request, upper=None)
    for field in ("arrival", "prompt_len", "output_len", "lower"):
        value = getattr(request, field)
        least = 0 if field == "arrival" else 1
        for less in sorted({least, value // 2, value - 1}):
            if least <= less < value:
                lower = min(request.lower, less) if field == "output_len" else request.lower
                yield replace(request, **{"lower": lower, field: less})
