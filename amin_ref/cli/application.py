"""The command ``amin-ref`` and the list of its subcommands.

A subcommand's module is imported only when the subcommand is run, completed, or shows its help. So
``amin-ref --help`` and ``--version`` import little more than click, and ``amin-ref check`` works
where no solver can be imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from textwrap import fill
from types import MappingProxyType

import click
from click.shell_completion import CompletionItem

from amin_ref.cli.exit_codes import COMPLETION, EXIT_CODES
from amin_ref.cli.limits import limits_flag
from amin_ref.cli.messages import quiet_flag


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """A subcommand before its module is imported.

    Attributes:
        module: the file in ``amin_ref/cli`` that defines the command: a function whose name is the
            subcommand's with ``_`` for ``-``, and ``_command`` appended.
        summary: its line in ``amin-ref --help``: the first sentence of its own help, at most 58
            characters, so that it fits beside the longest name in 80 columns.
    """

    module: str
    summary: str


COMMANDS: Mapping[str, CommandEntry] = MappingProxyType(
    {
        "compare": CommandEntry(
            "compare", "Simulate policies on one workload and compare latencies."
        ),
        "simulate": CommandEntry("simulate", "Simulate one policy and write its schedule as JSON."),
        "check": CommandEntry("check", "Check whether a schedule is valid."),
        "conform": CommandEntry("conform", "Check whether a policy could have made a schedule."),
        "judge": CommandEntry("judge", "Say on one page what an engine did with its requests."),
        "new": CommandEntry("new", "Write a scheduler to begin with, as a typed Python file."),
        "drive": CommandEntry("drive", "Test a scheduler that runs as another program."),
        "optimum": CommandEntry(
            "optimum", "Find the best schedule in hindsight, and a lower bound."
        ),
        "verify": CommandEntry("verify", "Recompute the lower bound that a certificate proves."),
        "report": CommandEntry("report", "Write an HTML report of policies, optimum and claims."),
        "claims": CommandEntry("claims", "Measure the article's claims and say whether they hold."),
        "worst-case": CommandEntry(
            "worst_case", "Find a policy's exact worst ratio to the optimum."
        ),
        "worst-case-table": CommandEntry(
            "worst_case", "Tabulate worst ratios over a grid of settings."
        ),
        "schema": CommandEntry(
            "schema", "Print the JSON Schema of a document, or validate a file."
        ),
        "vectors": CommandEntry("vectors", "Write test vectors for schedulers in any language."),
    }
)
"""Every subcommand by its name, in the order of ``amin-ref --help``."""


def load_command(name: str) -> click.Command:
    """The subcommand called ``name``, a key of :data:`COMMANDS`; imports its module."""
    module = import_module(f"amin_ref.cli.{COMMANDS[name].module}")
    command: object = getattr(module, f"{name.replace('-', '_')}_command")
    assert isinstance(command, click.Command)
    if not any("--quiet" in parameter.opts for parameter in command.params):
        command.params += [limits_flag(), quiet_flag()]
    return command


class LazyGroup(click.Group):
    """A group whose subcommands are those of :data:`COMMANDS`, each imported when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the subcommands; imports none of them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand of that name, imported now; ``None`` if there is none."""
        return load_command(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands with their summaries; imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The subcommand that ``args`` begin with.

        Raises:
            click.UsageError: there is no such subcommand; the message suggests a similar name.
        """
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            raise click.exceptions.NoSuchCommand(
                error.command_name, possibilities=COMMANDS, ctx=ctx
            ) from None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The subcommands and flags that begin with ``incomplete``; imports no subcommand."""
        commands = [
            CompletionItem(name, help=entry.summary)
            for name, entry in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]


def _exit_codes() -> str:
    """The table of exit codes, for a help text of 80 columns."""
    return "\n".join(
        fill(text, 76, initial_indent=f"  {code:>3}  ", subsequent_indent=" " * 7)
        for code, text in EXIT_CODES.items()
    )


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"""\b
Examples:
  amin-ref compare
  amin-ref compare --workload trace.csv --capacity 65536 --prediction bins:10
  amin-ref simulate --policy amin --requests 100 --output schedule.json
  amin-ref check schedule.json
  amin-ref conform schedule.json
  amin-ref optimum --requests 12 --capacity 800

\b
Exit codes:
{_exit_codes()}

\b
Completion in bash (for other shells: zsh_source, fish_source):
  eval "$({COMPLETION}=bash_source amin-ref)"
""",
)
@click.version_option(None, "-V", "--version", package_name="amin-ref")
def application() -> None:
    """Amin, a scheduler for LLM inference, compared with other schedulers and the optimum.

    Time is counted in rounds: in one round every running request generates one token. The KV cache
    holds a fixed number of tokens; a running request occupies its prompt and the tokens that it has
    generated.
    """


application.params += [limits_flag(), quiet_flag()]
