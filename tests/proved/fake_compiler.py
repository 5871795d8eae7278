"""A shell script in the place of ``ocamlfind``, which logs its calls and writes a program."""

from __future__ import annotations

from pathlib import Path

import pytest

ANSWERS_VALID = "#!/bin/sh\nread line\necho valid\ncat > /dev/null\n"
"""A program that accepts every schedule."""

COMPILES = """
cat > amin_proved <<'END'
{program}END
chmod +x amin_proved
"""
"""What the stand-in does when it works."""


class FakeCompiler:
    """The stand-in, alone on the search path beside the system's shell.

    Attributes:
        cache: the user's cache folder.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._tools = folder / "tools"
        self._tools.mkdir()
        self._log = folder / "calls"
        self.cache = folder / "cache"
        monkeypatch.setenv("PATH", f"{self._tools}:/usr/bin:/bin")
        monkeypatch.setenv("XDG_CACHE_HOME", str(self.cache))
        self.makes(ANSWERS_VALID)

    def makes(self, program: str) -> None:
        """From now on it compiles to this script."""
        self.does(COMPILES.format(program=program))

    def does(self, compile_: str, query: str = "exit 0") -> None:
        """From now on it runs these commands, to compile and to look for a library."""
        script = self._tools / "ocamlfind"
        script.write_text(
            f'#!/bin/sh\necho "$@" >> {self._log}\n'
            f'if [ "$1" = query ]; then {query}; fi\n{compile_}\n',
            encoding="utf-8",
        )
        script.chmod(0o755)

    def compilations(self) -> int:
        """How often it was asked to compile."""
        if not self._log.exists():
            return 0
        return self._log.read_text(encoding="utf-8").count("ocamlopt")
