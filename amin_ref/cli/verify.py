"""``amin-ref verify``: what does a certificate prove?"""

from __future__ import annotations

import click

from amin_ref.cli.bound import certified_bound
from amin_ref.cli.reading import read_text


@click.command(
    "verify",
    epilog="""\b
Example:
  amin-ref optimum --requests 12 --capacity 800 --certificate certificate.json
  amin-ref verify certificate.json""",
)
@click.argument("certificate", metavar="CERTIFICATE")
def verify_command(certificate: str) -> None:
    """Recompute the lower bound that a certificate proves.

    CERTIFICATE is a JSON file; - is standard input. The arithmetic is exact. The certificate holds
    its instance and a price on the cache in every round; whoever found those prices, and however,
    they prove a bound on the total latency of every schedule of the instance.
    """
    found, bound = certified_bound(read_text(certificate))
    click.echo(
        f"{bound} request·rounds at least, for {len(found.instance.requests)} requests in a cache "
        f"of {found.instance.capacity} tokens in blocks of {found.instance.block_size}."
    )
