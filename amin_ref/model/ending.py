"""What a log may lack: aborted requests, the end of the log, and the tokens that were held.

The fields ``aborted``, ``ended`` and ``held`` of a schedule (specification, section 7): which
values they take, and their form in JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from amin_ref.model.errors import InvalidDocument, InvalidValue, shown
from amin_ref.model.instance import Instance, unknown_request
from amin_ref.model.json_reading import expect_array, expect_fields, expect_object
from amin_ref.model.short_form import short_tuple
from amin_ref.model.validation import RequestId, is_request_id, whole_number

FIELDS = ("aborted", "ended", "held")
"""The fields' names, in a schedule and in its documents."""


class Aborted(Mapping[RequestId, int]):
    """Ids of aborted requests, with the round in which the client went away: a frozen mapping.

    A ``dict`` could be changed, and would make a schedule unhashable.
    """

    def __init__(self, rounds: Mapping[RequestId, int]) -> None:
        self._rounds = dict(rounds)

    def __getitem__(self, request: RequestId) -> int:
        return self._rounds[request]

    def __iter__(self) -> Iterator[RequestId]:
        return iter(self._rounds)

    def __len__(self) -> int:
        return len(self._rounds)

    def __hash__(self) -> int:
        return hash(frozenset(self._rounds.items()))

    def __repr__(self) -> str:
        """As of a ``dict``."""
        return repr(self._rounds)


NONE_ABORTED = Aborted({})


def aborted_requests(aborted: Mapping[RequestId, int], instance: Instance) -> Aborted:
    """The mapping as a frozen one, in the order of the instance.

    Raises:
        InvalidValue: it is no mapping from ids of the instance's requests to rounds.
    """
    if not isinstance(aborted, Mapping):
        raise InvalidValue(
            "schedule: aborted",
            aborted,
            "it must be a mapping from ids to rounds",
            "give a dict",
        )
    for request, now in aborted.items():
        if not is_request_id(request) or request not in instance.positions:
            raise unknown_request("schedule: aborted", request, instance)
        whole_number(f"schedule: aborted: {shown(request)}", now, 0, "rounds")
    if not aborted:
        return NONE_ABORTED
    return Aborted(
        {request: aborted[request] for request in instance.positions if request in aborted}
    )


def end_of_log(ended: int | None, last_stop: int) -> int | None:
    """The first round that the log does not have.

    Args:
        ended: as the user gives it.
        last_stop: the last round in which a run stops.

    Raises:
        InvalidValue: it is no round, or a run stops after it.
    """
    if ended is None:
        return None
    whole_number("schedule: ended", ended, 0, "rounds")
    if ended < last_stop:
        raise InvalidValue(
            "schedule: ended",
            ended,
            f"a run stops in round {last_stop}, which the log would not have",
            f"give {last_stop} or a later round",
        )
    return ended


def tokens_held(held: Iterable[int] | None, rounds: int) -> tuple[int, ...] | None:
    """The numbers as a tuple, one for each round of the schedule.

    Args:
        held: as the user gives them.
        rounds: how many there must be.

    Raises:
        InvalidValue: there are more or fewer, or one is no number of tokens.
    """
    if held is None:
        return None
    try:
        found = tuple(held)
    except TypeError:
        raise InvalidValue(
            "schedule: held", held, "it must be an iterable of ints", "give a tuple"
        ) from None
    for number in found:
        whole_number("schedule: held", number, 0, "tokens")
    if len(found) != rounds:
        raise InvalidValue(
            "schedule: held",
            found,
            f"it has {len(found)} numbers and the schedule has {rounds} rounds",
            "give a number for each round before 'ended', or else before the last stop of a run",
        )
    return found


def shown_ending(
    aborted: Mapping[RequestId, int], ended: int | None, held: tuple[int, ...] | None
) -> str:
    """The fields that are given, for the ``repr`` of a schedule."""
    text = f", aborted={aborted!r}" if aborted else ""
    if ended is not None:
        text += f", ended={ended!r}"
    return text if held is None else f"{text}, held={short_tuple(held)}"


def ending_document(
    aborted: Mapping[RequestId, int], ended: int | None, held: tuple[int, ...] | None
) -> dict[str, object]:
    """The fields that are given, as a part of a schedule's document.

    ``aborted`` is an object where every id is a string, and otherwise an array, because 1 and "1"
    are two ids.
    """
    found: dict[str, object] = {}
    if aborted and all(isinstance(request, str) for request in aborted):
        found["aborted"] = dict(aborted.items())
    elif aborted:
        found["aborted"] = [{"request": request, "round": now} for request, now in aborted.items()]
    if ended is not None:
        found["ended"] = ended
    if held is not None:
        found["held"] = held
    return found


def refuse_ending_fields(document: Mapping[str, object], where: str) -> None:
    """Refuse the fields of :data:`FIELDS` in a document of version 1.

    Raises:
        InvalidDocument: one is there.
    """
    for field in FIELDS:
        if field in document:
            raise InvalidDocument(
                f"{where}: the field {field!r} belongs to version 2 and the document is of version "
                '1; write "version": 2.'
            )


def aborted_from_document(value: object, where: str, instance: Instance) -> dict[RequestId, int]:
    """The aborted requests that an object or an array from ``json`` describes; none for ``None``.

    Raises:
        InvalidDocument: it is neither, or an item of the array has other fields.
        InvalidValue: an id is no request's, or a round is no whole number.
    """
    if value is None:
        return {}
    if isinstance(value, dict):
        for request in value:
            if request not in instance.positions:
                raise _unknown_key(request, where, instance)
        return {
            request: whole_number(f"{where}: {shown(request)}", now, 0, "rounds")
            for request, now in value.items()
        }
    found: dict[RequestId, int] = {}
    for index, item in enumerate(expect_array(value, where)):
        place = f"{where}[{index}]"
        fields = expect_object(item, place)
        expect_fields(fields, place, ("request", "round"), ())
        request = fields["request"]
        if not is_request_id(request) or request not in instance.positions:
            raise unknown_request(f"{place}: request", request, instance)
        if request in found:
            raise InvalidValue(
                f"{place}: request", request, "the array already has it", "give each id once"
            )
        found[request] = whole_number(f"{place}: round", fields["round"], 0, "rounds")
    return found


def _unknown_key(request: str, where: str, instance: Instance) -> InvalidValue:
    error = unknown_request(where, request, instance)
    other = next((known for known in instance.positions if str(known) == request), None)
    if other is None:
        return error
    return InvalidValue(
        where,
        request,
        f"the instance has {other}, which is another id",
        f'write "aborted": [{{"request": {other}, "round": …}}]',
    )


def ended_from_document(value: object, where: str) -> int | None:
    """The round that a number from ``json`` is, or ``None``."""
    return None if value is None else whole_number(where, value, 0, "rounds")


def held_from_document(value: object, where: str) -> tuple[int, ...] | None:
    """The tokens held that an array from ``json`` describes, or ``None``."""
    if value is None:
        return None
    return tuple(
        whole_number(f"{where}[{index}]", number, 0, "tokens")
        for index, number in enumerate(expect_array(value, where))
    )
