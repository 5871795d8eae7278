"""What the tokens of a round show of the order in which requests were admitted (L6)."""

from __future__ import annotations

import pytest

from amin_ref.conformance.admission_order import AdmissionOrder, Share, WrongShare
from amin_ref.conformance.waiting import ANY_RANK

WHOLE = Share(rest=2, taken=2)
PART = Share(rest=2, taken=1)
NOTHING = Share(rest=2, taken=0)


def admitted(*rounds: int) -> AdmissionOrder:
    """Requests a, b, … that start in these rounds; all arrived in round 0."""
    order = AdmissionOrder()
    for request, now in zip("abc", rounds, strict=False):
        order.admit(now, request, (0, ANY_RANK))
    return order


@pytest.mark.theorem("T7")
def test_no_token_is_left_over_while_a_request_lacks_one() -> None:
    assert admitted(0).share({"a": PART}, 1) is None
    assert admitted(0).share({"a": PART}, 2) == WrongShare("a", None)
    assert admitted(0).share({"a": PART}, None) == WrongShare("a", None)
    assert admitted(0).share({"a": WHOLE}, 9) is None


@pytest.mark.theorem("T7")
def test_the_tokens_go_to_the_first_admitted() -> None:
    assert admitted(0, 1).share({"a": WHOLE, "b": PART}, 3) is None
    assert admitted(0, 1).share({"a": PART, "b": WHOLE}, 3) == WrongShare("a", "b")
    # One computes a part at most, whatever the order was.
    assert admitted(0, 0).share({"a": PART, "b": PART}, 2) == WrongShare("a", "b")


@pytest.mark.theorem("T6")
def test_of_two_requests_of_one_round_the_one_that_computes_more_was_first() -> None:
    order = admitted(0, 0, 0)
    assert order.place("a") == order.place("b") == order.place("c")
    assert order.share({"a": NOTHING, "b": WHOLE, "c": PART}, 3) is None
    assert order.sorted("abc") == ["b", "c", "a"]
    # The order that was learned holds in later rounds.
    order.leave("c")
    assert order.share({"a": WHOLE, "b": NOTHING}, 2) == WrongShare("b", "a")
