"""How are files and flags read, and answers printed? The command ``amin-ref``.

To read: ``application`` (the list of commands, each loaded when it is needed) and ``exit_codes``
(how the program ends), ``bugs`` (unexpected exceptions); ``flags`` (rules that flags share),
``options`` (the workload's flags), ``machine`` (the machine's) and ``given`` (a schedule beside
policies); ``limits``, ``reading`` and ``writing`` (files), ``streams`` and ``signals`` (of the
shell), ``messages`` (standard error) and ``wording`` (numbers); ``slow``, ``memory``, ``progress``
and ``workers`` (long work), ``foreign`` (policies that raise), ``bound`` (the only import of
``oracle``), ``proved`` (of the machine-checked program); then a file for each command:
``simulate``, ``compare`` and ``comparing`` (what it does), ``check``, ``conform``, ``judge``,
``new`` (and ``skeleton``, which it writes), ``drive``, ``optimum``, ``verify``, ``report`` and
``report_file``, ``claims``, ``worst_case`` and ``family``, ``schema``, ``vectors``.
"""

# Not the module signal: it imports others, and a signal may arrive during that import. Type
# checkers do not know _signal.
import _signal as signal  # type: ignore[import-not-found]
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_NAMES = {signal.SIGINT: b"interrupted", signal.SIGTERM: b"terminated"}
"""The signals that end the program, and the words that it prints. The exit code is 128 + signal."""

if sys.platform != "win32":
    _NAMES[signal.SIGHUP] = b"the terminal was closed"


def leave_at_once(number: int, _: object) -> "NoReturn":
    """Handle a signal before the command begins, or after its end: print a sentence and exit."""
    try:
        os.write(2, b"amin-ref: %s.\n" % _NAMES[number])
    finally:
        os._exit(128 + number)


def ignore_signals() -> None:
    """Ignore the signals from now on, so that they cannot change the exit code.

    Python removes its own handlers when it ends; a signal would then end the process.
    """
    for number in _NAMES:
        signal.signal(number, signal.SIG_IGN)


def main() -> None:
    """Entry point of the command ``amin-ref``.

    From here on SIGINT, SIGTERM and SIGHUP end the program with a sentence, also during an import,
    and an unexpected exception ends it with a sentence and the traceback.
    """
    for number in _NAMES:
        # A shell starts background jobs with SIGINT ignored; such a job keeps ignoring it.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, leave_at_once)
    try:
        code = _run()
    except KeyboardInterrupt as error:  # just before the command, or just after it
        from amin_ref.cli.signals import signal_of

        leave_at_once(signal_of(error), None)
    sys.exit(code)


def _run() -> int:
    import atexit

    atexit.register(ignore_signals)  # registered first, so called last
    try:
        from amin_ref.cli.streams import prepare_streams

        prepare_streams()
        from amin_ref.cli.application import application
        from amin_ref.cli.exit_codes import run
        from amin_ref.cli.signals import signals_raise

        with signals_raise():
            return run(application, sys.argv[1:])
    except Exception as error:  # noqa: BLE001 - whatever it is, its exit code is not 1
        from amin_ref.cli.bugs import tell_of_bug

        return tell_of_bug(error)
