"""The machine: what an eviction costs, what a token occupies, and the limits of a round."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, get_args

from amin_ref.model.errors import InvalidValue
from amin_ref.model.json_reading import expect_fields, expect_object
from amin_ref.model.validation import whole_number

AfterEviction = Literal["restart", "resume"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Machine:
    """The rules by which an instance's requests run (specification, section 7).

    The default is the paper's machine, of sections 1 to 6. Serving engines keep the tokens of an
    evicted request and recompute only its cache: ``Machine(after_eviction="resume",
    last_token_stored=False)``.

    Attributes:
        after_eviction: ``"restart"``: the next run of an evicted request starts from nothing.
            ``"resume"``: its prefix is the prompt and the g tokens generated so far, and it
            generates token g + 1 next.
        last_token_stored: whether a request occupies B·⌈(s + a)/B⌉ tokens in the round of its a-th
            token, or B·⌈(s + a - 1)/B⌉, because the keys and values of a token are written when
            the next one is computed.
        tokens_per_round: most tokens that are computed in a round, over all requests; at least 1.
            ``None``: no limit.
        max_running: most requests that run in a round; at least 1. ``None``: no limit.
        watermark: blocks that an admission must leave free unless no request runs at that moment;
            at least 0. A policy keeps this rule; the validity of a schedule does not depend on it.
        sound_predictions: whether 1 ≤ ℓ ≤ o ≤ u is required. ``False``: ℓ and u may be wrong.

    Raises:
        InvalidValue: a field is not of this kind.
    """

    after_eviction: AfterEviction = "restart"
    last_token_stored: bool = True
    tokens_per_round: int | None = None
    max_running: int | None = None
    watermark: int = 0
    sound_predictions: bool = True

    def __post_init__(self) -> None:
        # By type first: an unhashable or foreign value must not reach a comparison.
        if type(self.after_eviction) is not str or self.after_eviction not in _AFTER_EVICTION:
            raise InvalidValue(
                "machine: after_eviction",
                self.after_eviction,
                "it must be 'restart' or 'resume'",
                "give one of the two",
            )
        for name in ("last_token_stored", "sound_predictions"):
            value: object = getattr(self, name)
            if type(value) is not bool:
                raise InvalidValue(
                    f"machine: {name}", value, "it must be true or false", "give a bool"
                )
        if self.tokens_per_round is not None:
            whole_number("machine: tokens_per_round", self.tokens_per_round, 1, "tokens")
        if self.max_running is not None:
            whole_number("machine: max_running", self.max_running, 1, "requests")
        whole_number("machine: watermark", self.watermark, 0, "blocks")

    def __repr__(self) -> str:
        """As of any dataclass, but with only the fields that differ from the default."""
        shown = (f"{name}={value!r}" for name, value in machine_document(self).items())
        return f"Machine({', '.join(shown)})"

    def held(self, tokens: int) -> int:
        """What a request stores that has ``tokens`` tokens after a round in which it generated."""
        return tokens if self.last_token_stored else tokens - 1


_AFTER_EVICTION: tuple[AfterEviction, ...] = get_args(AfterEviction)

PAPERS_MACHINE = Machine()
"""The machine of sections 1 to 6 of the specification, which is every instance's default."""


def refuse_other_machines(machine: Machine, where: str) -> None:
    """Refuse every machine but the paper's, in a function that knows no other.

    Args:
        machine: that of the instance.
        where: the function or command that the user called.

    Raises:
        InvalidValue: the machine is another.
    """
    if machine != PAPERS_MACHINE:
        raise InvalidValue(
            "instance: machine",
            machine,
            f"this machine is not supported by {where} yet",
            "give the paper's machine, Machine()",
        )


def refuse_limits(machine: Machine, why: str, mend: str = "leave the limit out") -> None:
    """Refuse machines that limit a round, in a function that knows no limits.

    Args:
        machine: that of the instance.
        why: the rule of the error, a clause.
        mend: what the user can do.

    Raises:
        InvalidValue: ``tokens_per_round``, ``max_running`` or ``watermark`` is given.
    """
    for name in ("tokens_per_round", "max_running", "watermark"):
        limit: int | None = getattr(machine, name)
        if limit:
            raise InvalidValue(f"machine: {name}", limit, why, mend)


def machine_document(machine: Machine) -> dict[str, object]:
    """The machine as an object for ``json``, with only the fields that differ from the default."""
    values = (
        (field.name, field.default, getattr(machine, field.name)) for field in fields(machine)
    )
    return {name: value for name, default, value in values if value != default}


def machine_from_document(value: object, where: str) -> Machine:
    """The machine that an object from ``json`` describes; absent fields have their default.

    Raises:
        InvalidDocument: it is no object, or has an unknown field.
        InvalidValue: a field's value breaks a rule of :class:`Machine`.
    """
    found = expect_object(value, where)
    names = [field.name for field in fields(Machine)]
    expect_fields(found, where, (), names)
    # Machine refuses every value of a wrong type, so that JSON's values may be passed as they are.
    given = {name: found[name] for name in names if name in found}
    return Machine(**given)  # type: ignore[arg-type]  # as the comment above says
