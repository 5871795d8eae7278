"""Rules that flags share: renamed ones, ones without effect, and the names of policies."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from amin_ref.cli.messages import warn
from amin_ref.policies.loading import NoScheduler, named_policy
from amin_ref.policies.names import ALIASES, POLICIES, NamedPolicy

LAST_VERSION = "0.2"
"""The last version that accepts the names of flags of version 0.1."""

_GIVEN = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)

Command = Callable[..., None]
"""A command's function, with the arguments that its flags give it."""


def is_given(context: click.Context, name: str) -> bool:
    """Whether the user gave the parameter of this Python name, rather than left its default."""
    return context.get_parameter_source(name) in _GIVEN


def refuse_without_effect(context: click.Context, name: str, where: str) -> None:
    """Refuse a flag that was given where it has no effect.

    Args:
        context: of the command.
        name: the Python name of the flag's parameter, such as ``"time_limit"``.
        where: in which case it has none, such as ``"without --bound"``.

    Raises:
        click.UsageError: the flag was given.
    """
    if is_given(context, name):
        raise without_effect(context, name, where)


def without_effect(context: click.Context, name: str, where: str) -> click.UsageError:
    """The error that says that a flag has no effect; see :func:`refuse_without_effect`."""
    (flag,) = (param.opts[0] for param in context.command.params if param.name == name)
    return click.UsageError(f"{flag} has no effect {where}; leave it out", context)


def renamed_flag(old: str, new: str, name: str) -> Callable[[Command], Command]:
    """Accept a flag under its name of version 0.1 as well, with a warning.

    Args:
        old: the former flag, such as ``"--schedule"``.
        new: the flag that replaces it, such as ``"--output"``.
        name: the Python name of the parameter that receives the value.
    """
    return _renamed(click.option(old, _former(old), hidden=True), old, old, new, name)


def renamed_argument(metavar: str, new: str, name: str) -> Callable[[Command], Command]:
    """Accept as an argument, with a warning, what is a flag since version 0.2.

    Args:
        metavar: what the argument stands for, such as ``"WORKLOAD"``.
        new: the flag that replaces it, such as ``"--workload"``.
        name: the Python name of the parameter that receives the value.
    """
    argument = click.argument(_former(metavar), metavar="", required=False)
    return _renamed(argument, metavar, f"the argument {metavar}", new, name)


def _former(old: str) -> str:
    return f"former_{old.lstrip('-').lower().replace('-', '_')}"


def _renamed(
    accept: Callable[[Command], Command], old: str, shown: str, new: str, name: str
) -> Callable[[Command], Command]:
    former = _former(old)

    def decorate(command: Command) -> Command:
        @wraps(command)
        def renamed(*args: object, **values: object) -> None:
            value = values.pop(former)
            if value is not None:
                context = click.get_current_context()
                if is_given(context, name):
                    raise click.UsageError(f"{shown} is now {new}; give only {new}", context)
                warn(f"{shown} is now {new}; version {LAST_VERSION} is the last to accept it.")
                (parameter,) = (one for one in context.command.params if one.name == name)
                values[name] = parameter.type_cast_value(context, value)
            command(*args, **values)

        return accept(renamed)

    return decorate


class PolicyParameter(click.ParamType[NamedPolicy]):
    """A policy by its name, or ``MODULE:NAME`` for one of the user's own."""

    name = "name|module:name"

    def convert(
        self, value: str | NamedPolicy, param: click.Parameter | None, ctx: click.Context | None
    ) -> NamedPolicy:
        """The policy called ``value``; a module of the user's is imported."""
        if isinstance(value, NamedPolicy):
            return value
        try:
            return named_policy(value)
        except NoScheduler as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The policies whose names begin with ``incomplete``."""
        del ctx, param
        return completed_policies(incomplete)


POLICY = PolicyParameter()
"""One policy."""

OWN_POLICY = (
    "MODULE:NAME for one of your own: a class, or a function without parameters, that makes it. "
    "MODULE is looked for in the current folder first"
)
"""How a help text says that a policy may be the user's own."""


def policies_in_words() -> str:
    """Every policy with what it plans with, for a help text: ``"amin (plans with …), …"``."""
    policies = [f"{policy.name} ({policy.summary})" for policy in POLICIES.values()]
    aliases = [f"{alias} (another name of {name})" for alias, name in ALIASES.items()]
    return ", ".join(policies + aliases)


def completed_policies(incomplete: str) -> list[CompletionItem]:
    """What a shell offers for a list of policies with commas between; one policy is such a list.

    Policies that the list has already are not offered again.
    """
    before, comma, begun = incomplete.rpartition(",")
    return [
        CompletionItem(f"{before}{comma}{policy.name}", help=f"{policy.title}: {policy.summary}")
        for policy in POLICIES.values()
        if policy.name.startswith(begun) and policy.name not in before.split(",")
    ]
