"""``amin-ref vectors``: test vectors for schedulers and checkers in any language."""

from __future__ import annotations

from pathlib import Path

import click

from amin_ref.cli.messages import tell, warn
from amin_ref.cli.writing import OutputFile
from amin_ref.files.writing import destination
from amin_ref.model.errors import CannotWrite, shown_path
from amin_ref.vectors import published_text, published_vectors


@click.command(
    "vectors",
    epilog="""\b
Examples:
  amin-ref vectors > vectors.json
  amin-ref vectors --output-folder vectors""",
)
@click.option(
    "--output",
    metavar="FILE",
    default="-",
    help="File to write the vectors to; - is standard output.  [default: -]",
)
@click.option(
    "--output-folder",
    "folder",
    metavar="FOLDER",
    help="Folder to write the vectors to, one file for each group; it is created if it does not "
    "exist.  [default: one document]",
)
def vectors_command(output: str, folder: str | None) -> None:
    """Write test vectors for schedulers in any language.

    A vector is a small instance with its right schedules or with a wrong one. Vectors are grouped
    by the bug that they were chosen to detect.

    A vector has an id, a comment, the flags of all bugs that it detects, an instance, and a result:
    'valid': the policy makes this one schedule. 'acceptable': the policy makes one of these
    schedules, depending on ties. 'invalid': a checker must refuse the schedule, by the rule named.
    The notes describe the bug of each flag, and what it costs. An instance without a machine is on
    the paper's machine. 'amin-ref schema vectors' prints the JSON Schema.
    """
    if folder is None and output != "-" and Path(output).is_dir():
        warn("--output with a folder is now --output-folder; version 0.2 is the last to accept it.")
        output, folder = "-", output
    if folder is None:
        OutputFile().convert(output, None, None).write(published_text(), "the vectors")
        return
    if output != "-":
        raise click.UsageError("--output and --output-folder exclude each other; give one of them")
    _write_groups(Path(folder))


def _write_groups(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(
            f"{shown_path(folder)} cannot be made ({error.strerror}); give another folder."
        ) from None
    found = published_vectors()
    texts = {group.flag: found.part(group.flag).to_json() for group in found.groups}
    # Every file is known to be writable before the first is written.
    targets = {flag: destination(folder / f"{flag}.json") for flag in texts}
    for flag, target in targets.items():
        target.write(texts[flag])
    tell(f"wrote {len(found.groups)} groups of vectors to {shown_path(folder)}.")
