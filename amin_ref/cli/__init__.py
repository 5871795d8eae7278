"""How are files and flags read, and answers printed? The command ``amin-ref``.

To read: ``application`` (the list of commands, each loaded when it is needed) and ``exit_codes``
(how the program ends), ``bugs`` (unexpected exceptions); ``flags`` (rules that flags share) and
``options`` (the workload's flags); ``limits``, ``reading`` and ``writing`` (files), ``streams`` and
``signals`` (of the shell), ``messages`` (standard error) and ``wording`` (numbers); ``slow``,
``memory``, ``progress`` and ``workers`` (long work), ``foreign`` (policies that raise), ``bound``
(the only import of ``oracle``); then a file for each command: ``simulate``, ``compare`` and
``comparing`` (what it does), ``check``, ``conform``, ``new`` (and ``skeleton``, which it writes),
``drive``, ``optimum``, ``verify``, ``report`` and ``report_file``, ``claims``, ``worst_case``,
``schema``, ``vectors``.
"""

# Not signal, which imports more, within which a signal may come; type checkers do not know it.
import _signal as signal  # type: ignore[import-not-found]
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_NAMES = {
    signal.SIGINT: b"interrupted",
    signal.SIGTERM: b"terminated",
    signal.SIGHUP: b"the terminal was closed",
}
"""The signals that end the program, and what it says of them; its exit code is 128 + the signal."""


def leave_at_once(number: int, _: object) -> "NoReturn":
    """The handler of a signal while nothing has begun, or all is done: a sentence, and the end."""
    try:
        os.write(2, b"amin-ref: %s.\n" % _NAMES[number])
    finally:
        os._exit(128 + number)


def ignore_signals() -> None:
    """Let nothing change the exit code any more: Python, as it ends, gives up its handlers."""
    for number in _NAMES:
        signal.signal(number, signal.SIG_IGN)


def main() -> None:
    """Entry point of the command ``amin-ref``.

    From here on SIGINT, SIGTERM and SIGHUP end in a sentence, in the midst of an import as well,
    and an unexpected exception in a sentence and its traceback.
    """
    for number in _NAMES:
        # A shell starts what goes to the background deaf to Ctrl-C; that is left so.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, leave_at_once)
    try:
        code = _run()
    except KeyboardInterrupt as error:  # between two steps of what precedes or follows the command
        from amin_ref.cli.signals import signal_of

        leave_at_once(signal_of(error), None)
    sys.exit(code)


def _run() -> int:
    import atexit

    atexit.register(ignore_signals)  # the first to be registered is the last to be called
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
