"""A request: its prompt, its true output length, and the interval predicted for it."""

from __future__ import annotations

from dataclasses import dataclass

from amin_ref.model.errors import InvalidValue, shown
from amin_ref.model.validation import RequestId, is_request_id, is_whole, whole_number


@dataclass(frozen=True, slots=True)
class Request:
    """One request (specification, section 1).

    Attributes:
        id: a non-empty string or an int, unique in its instance.
        prompt_len: s, length of the prompt; tokens, at least 1.
        output_len: o, true length of the answer; tokens, at least 1. Hidden from every policy
            that is not clairvoyant.
        lower: ℓ, predicted lower bound of ``output_len``; tokens, at least 1.
        upper: u, predicted upper bound; tokens, at least ``lower``. ``None`` when unknown.
        arrival: r, the first round in which the request may be admitted; at least 0.

    An :class:`~amin_ref.Instance` requires ℓ ≤ o ≤ u as well, unless its machine has
    ``sound_predictions=False`` (decision D41).

    Raises:
        InvalidValue: a field breaks one of these rules; the message says which, and what to do.
    """

    id: RequestId
    prompt_len: int
    output_len: int
    lower: int = 1
    upper: int | None = None
    arrival: int = 0

    def __post_init__(self) -> None:
        if not is_request_id(self.id):
            raise InvalidValue(
                "request: id",
                self.id,
                "it must be a non-empty string or an int of at most 53 bits",
                "name the request with a string or an int",
            )
        for name, value, least, unit in (
            ("prompt_len", self.prompt_len, 1, "tokens"),
            ("output_len", self.output_len, 1, "tokens"),
            ("lower", self.lower, 1, "tokens"),
            ("arrival", self.arrival, 0, "rounds"),
            ("upper", 1 if self.upper is None else self.upper, 1, "tokens"),
        ):
            if not is_whole(value, least):  # the text of a message costs more than all tests
                whole_number(f"request {shown(self.id)}: {name}", value, least, unit)
        if self.upper is not None and self.upper < self.lower:
            raise InvalidValue(
                f"request {shown(self.id)}: upper",
                self.upper,
                f"it must be at least lower, which is {self.lower}",
                f"raise it to {self.lower} or more, or give None where it is unknown",
            )

    def refuse_wrong_prediction(self) -> None:
        """Refuse a prediction that does not hold: one without ℓ ≤ o ≤ u.

        Raises:
            InvalidValue: names the bound that is wrong.
        """
        if self.lower > self.output_len:
            raise InvalidValue(
                f"request {shown(self.id)}: lower",
                self.lower,
                f"it must not exceed output_len, which is {self.output_len}",
                f"lower it to {self.output_len} or less",
            )
        if self.upper is not None and self.upper < self.output_len:
            raise InvalidValue(
                f"request {shown(self.id)}: upper",
                self.upper,
                f"it must be at least output_len, which is {self.output_len}",
                f"raise it to {self.output_len} or more, or give None where it is unknown",
            )
