"""The command ``amin-ref`` and its subcommands."""

from __future__ import annotations

import click

from amin_ref.cli.check import check_command
from amin_ref.cli.claims import claims_command
from amin_ref.cli.compare import compare_command
from amin_ref.cli.conform import conform_command
from amin_ref.cli.drive import drive_command
from amin_ref.cli.optimum import optimum_command
from amin_ref.cli.report import report_command
from amin_ref.cli.schema import schema_command
from amin_ref.cli.simulate import simulate_command
from amin_ref.cli.vectors import vectors_command
from amin_ref.cli.verify import verify_command
from amin_ref.cli.worst_case import worst_case_command, worst_case_table_command


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  amin-ref compare
  amin-ref compare --workload trace.csv --capacity 65536 --prediction bins:10
  amin-ref simulate --policy amin --requests 100 --output schedule.json
  amin-ref check schedule.json
  amin-ref conform schedule.json
  amin-ref optimum --requests 12 --capacity 800""",
)
@click.version_option(package_name="amin-ref")
def application() -> None:
    """Amin, the optimistic scheduler for LLM inference, and what it is measured against.

    Time is counted in rounds: in one round every running request generates one token. The KV cache
    holds a number of tokens; a request occupies its prompt and all that it has generated.
    """


application.add_command(compare_command)
application.add_command(simulate_command)
application.add_command(check_command)
application.add_command(conform_command)
application.add_command(drive_command)
application.add_command(optimum_command)
application.add_command(verify_command)
application.add_command(schema_command)
application.add_command(vectors_command)
application.add_command(worst_case_command)
application.add_command(worst_case_table_command)
application.add_command(claims_command)
application.add_command(report_command)
