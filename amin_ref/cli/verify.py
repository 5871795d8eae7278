"""``amin-ref verify``: what does a certificate prove?"""

from __future__ import annotations

import json

import click

from amin_ref.cli.bound import certificate_in, proven_by
from amin_ref.cli.messages import tell
from amin_ref.cli.proved import confirmed_bound, proved_document, proved_option
from amin_ref.cli.reading import named, read_text, shown_file
from amin_ref.cli.slow import told_if_slow
from amin_ref.cli.wording import count, duration, machine_in_words
from amin_ref.cli.writing import print_sentence
from amin_ref.model.machine import machine_document

FORMAT = "amin-ref/verification"
VERSION = 1

NANOSECONDS = 15
"""What an addition of a verification takes on a common processor, if prices have few digits."""

SILENT_OPERATIONS = 10**8
"""Additions beyond which their number is said before the work: these take a second or two."""


@click.command(
    "verify",
    epilog="""\b
Examples:
  amin-ref optimum --requests 100 --output-certificate certificate.json
  amin-ref verify certificate.json
  amin-ref verify certificate.json --json
  amin-ref verify certificate.json --proved""",
)
@click.argument("certificate", metavar="CERTIFICATE")
@proved_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a sentence.")
def verify_command(certificate: str, proved: bool, as_json: bool) -> None:
    """Recompute the lower bound that a certificate proves.

    CERTIFICATE is a JSON file; - is standard input.

    A certificate contains an instance and a price of cache for every round. All prices that are not
    negative prove a lower bound on the total latency of every schedule of the instance, however
    they were found. The bound is recomputed in exact arithmetic. It is one for the machine of the
    instance, whose limits are ignored: they only exclude schedules. If the prices are so high that
    they prove less than prices of zero, the bound is the sum of the output lengths.

    With --proved a program that is extracted from machine-checked proofs computes the bound as
    well. It covers certificates on the paper's machine.

    Exit code 0: the bound is printed. 2: not readable, or not a certificate.
    """
    name = shown_file(certificate)
    with told_if_slow(f"reading {name}"):
        text = read_text(certificate)
        with named(certificate):
            found = certificate_in(text)
    if found.operations > SILENT_OPERATIONS:
        about = duration(found.operations * NANOSECONDS)
        tell(
            f"the certificate in {name} takes {found.operations:,} additions: about {about}, and "
            "longer if its prices have many digits; Ctrl-C ends it."
        )
    with told_if_slow(f"the verification of {name}"):
        proven = proven_by(found)
    confirmed = confirmed_bound(found, proven) if proved else None
    instance = found.instance
    trivial = sum(request.output_len for request in instance.requests)
    bound = max(proven, trivial)
    if as_json:
        document = {
            "format": FORMAT,
            "version": VERSION,
            "lower_bound": bound,
            "proven_by_prices": proven,
            "requests": len(instance.requests),
            "capacity": instance.capacity,
            "block_size": instance.block_size,
            "machine": machine_document(instance.machine),
            "proved": proved_document(confirmed),
        }
        click.echo(json.dumps(document))
        return
    print_sentence(
        f"{bound:,} request·rounds at least, for {count(len(instance.requests), 'request')} in a "
        f"cache of {count(instance.capacity, 'token')} in blocks of {instance.block_size:,}"
        f"{machine_in_words(instance.machine)}."
    )
    if proven < trivial:
        print_sentence(
            f"The prices prove less than no prices at all: {proven:,}. The bound above is the sum "
            "of the output lengths."
        )
    if confirmed is not None:
        print_sentence(confirmed.text())
