"""An implementation under test: it reads documents and writes documents.

Only documents are exchanged, so an implementation may be a broken copy of the package, imported
beside the package itself.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

import amin_ref
import oracle
from amin_ref import Policy
from tests.long.mutants.catalogue import Mutant, mutated
from tests.support.project import PROJECT

ROOTS = ("amin_ref", "oracle")
FIRST_NEEDED = ("amin_ref", "amin_ref.policies", "oracle")


@dataclass(frozen=True)
class Implementation:
    """Our packages, or copies of them with a mutant's fault.

    Attributes:
        core: ``amin_ref``, or a copy of it.
        solver: ``oracle``, or a copy of it.
        scheduler: makes the scheduler to use in place of Amin; ``None`` for the core's Amin.
    """

    core: ModuleType
    solver: ModuleType
    scheduler: Callable[[], Policy] | None = None


def _complete(package: ModuleType) -> ModuleType:
    """The package with all public names loaded, so that none is loaded from another copy later."""
    for name in package.__all__:
        getattr(package, name)
    return package


OURS = Implementation(_complete(amin_ref), _complete(oracle))


class _BrokenSource(SourceFileLoader):
    """Loads a module from its source with a mutant's fault in it."""

    def __init__(self, name: str, file: Path, mutants: Sequence[Mutant]) -> None:
        super().__init__(name, str(file))
        self._mutants = mutants

    def get_code(self, fullname: str) -> CodeType:
        source = Path(self.path).read_text(encoding="utf-8")
        for mutant in self._mutants:
            source = mutated(source, mutant)
        return compile(source, self.path, "exec")


class _Finder(MetaPathFinder):
    """Finds the module that a mutant changes."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant
        self._file = PROJECT / mutant.file
        parts = Path(mutant.file).with_suffix("").parts
        self._module = ".".join(part for part in parts if part != "__init__")

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._module:
            return None
        loader = _BrokenSource(fullname, self._file, [self._mutant])
        return spec_from_file_location(fullname, self._file, loader=loader)


@contextmanager
def broken(mutant: Mutant) -> Iterator[Implementation]:
    """Our packages with a mutant's fault, imported again beside the originals."""
    ours = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_ours(name)}
    finder = _Finder(mutant)
    sys.meta_path.insert(0, finder)
    try:
        core, _, solver = (importlib.import_module(name) for name in FIRST_NEEDED)
        yield Implementation(_complete(core), _complete(solver))
    finally:
        sys.meta_path.remove(finder)
        for name in list(sys.modules):
            if _is_ours(name):
                del sys.modules[name]
        sys.modules.update(ours)


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] in ROOTS
