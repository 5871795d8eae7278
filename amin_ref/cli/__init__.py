"""How are files and flags read, and answers printed? The command ``amin-ref``.

To read: ``application`` (the list of commands, each loaded when it is needed) and ``exit_codes``
(how the program ends); ``flags`` (rules that flags share) and ``options`` (the workload's flags);
``limits``, ``reading`` and ``writing`` (files), ``messages`` (standard error) and ``wording``
(numbers); ``slow``, ``progress`` and ``workers`` (work that takes long), ``foreign`` (policies that
raise), ``bound`` (the one door to ``oracle``); then a file for each command: ``simulate``,
``compare`` and ``comparing`` (what it does), ``check``, ``conform``, ``new`` (and ``skeleton``,
which it writes), ``drive``, ``optimum``, ``verify``, ``report`` and ``report_file``, ``claims``,
``worst_case``, ``schema``, ``vectors``.
"""

import sys


def main() -> None:
    """Entry point of the command ``amin-ref``."""
    try:
        # Ctrl-C may come while modules are imported.
        from amin_ref.cli.application import application
        from amin_ref.cli.exit_codes import run
    except KeyboardInterrupt:
        print("amin-ref: interrupted.", file=sys.stderr)
        sys.exit(130)  # exit_codes.INTERRUPTED, whose import may have been interrupted
    sys.exit(run(application, sys.argv[1:]))
