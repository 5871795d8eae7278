"""``amin-ref verify``: what does a certificate prove?"""

from __future__ import annotations

import json

import click

from amin_ref.cli.bound import certified_bound
from amin_ref.cli.reading import read_text
from amin_ref.cli.wording import count

FORMAT = "amin-ref/verification"
VERSION = 1


@click.command(
    "verify",
    epilog="""\b
Examples:
  amin-ref optimum --requests 100 --output-certificate certificate.json
  amin-ref verify certificate.json
  amin-ref verify certificate.json --json""",
)
@click.argument("certificate", metavar="CERTIFICATE")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a sentence.")
def verify_command(certificate: str, as_json: bool) -> None:
    """Recompute the lower bound that a certificate proves.

    CERTIFICATE is a JSON file; - is standard input.

    A certificate contains an instance and a price of cache for every round. All prices that are not
    negative prove a lower bound on the total latency of every schedule of the instance, however
    they were found. The bound is recomputed in exact arithmetic.

    Exit code 0: the bound is printed. 2: not readable, or not a certificate.
    """
    found, bound = certified_bound(read_text(certificate))
    instance = found.instance
    if as_json:
        document = {
            "format": FORMAT,
            "version": VERSION,
            "lower_bound": bound,
            "requests": len(instance.requests),
            "capacity": instance.capacity,
            "block_size": instance.block_size,
        }
        click.echo(json.dumps(document))
        return
    click.echo(
        f"{bound:,} request·rounds at least, for {count(len(instance.requests), 'request')} in a "
        f"cache of {count(instance.capacity, 'token')} in blocks of {instance.block_size:,}."
    )
