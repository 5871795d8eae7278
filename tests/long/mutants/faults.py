"""All single faults that a fixed set of operators can put into a Python file.

The operators change the syntax tree and keep all line numbers, by which functions are identified.
They are the operators of mutmut 3.8 without three that almost no test misses (an argument or an
assigned value becomes ``None``; a positional argument is dropped), and four more: both neighbours
of a number, both neighbours of a comparison, a dropped term, a deleted statement. Unlike mutmut
they also change decorated functions (all properties and class methods) and code outside of
functions.

Not mutated: annotations, type aliases, ``__all__``, docstrings, f-strings, strings with a space in
them, and what a flag's ``help``, ``metavar`` and ``show_default`` say: tests check what a message
names, not its wording. Nor what another operating system does, after ``if sys.platform == …``.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

Step = tuple[str, int]
"""A step from a node to a child: the field and the index in it, or -1 if the field is no list."""

Replacements = Iterator[tuple[str, ast.AST]]
"""The replacements of a node, each with the name of its operator."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: a place in a file, and the replacement of what stands there.

    Attributes:
        file: path from the project's root.
        scope: qualified name of the outermost function that it is in; empty outside of functions.
        line: where it is.
        operator: the name of the change.
        old: the source text that it replaces.
        new: what stands there instead.
        number: counts equal faults of one scope, from 1.
        path: the steps from the module to the node.
        node: the replacement.
    """

    file: str
    scope: str
    line: int
    operator: str
    old: str
    new: str
    number: int
    path: tuple[Step, ...]
    node: ast.AST

    @property
    def name(self) -> str:
        """A name that does not depend on line numbers."""
        return f"{self.file}::{self.scope}: {self.old} -> {self.new} #{self.number}"


def faults_of(file: str, source: str) -> tuple[Fault, ...]:
    """All faults of a file, in the order of its text."""
    counts: Counter[tuple[str, str, str]] = Counter()
    found = []
    for scope, path, node in _places(ast.parse(source), "", False, ()):
        for operator, replacement in _replacements(node):
            if not hasattr(replacement, "lineno"):
                ast.copy_location(replacement, node)
            ast.fix_missing_locations(replacement)
            old, new = _text(node), _text(replacement)
            counts[scope, old, new] += 1
            line = getattr(node, "lineno", 0)
            number = counts[scope, old, new]
            found.append(Fault(file, scope, line, operator, old, new, number, path, replacement))
    return tuple(found)


def faulty(source: str, fault: Fault) -> ast.Module:
    """The tree of a source with a fault in it; the rest is as it was, positions included."""
    module = ast.parse(source)
    changed = _replaced(module, fault.path, fault.node)
    assert isinstance(changed, ast.Module)
    return changed


def module_name(file: str) -> str:
    """The name under which a file is imported."""
    parts = Path(file).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _replaced(node: ast.AST, path: Sequence[Step], by: ast.AST) -> ast.AST:
    if not path:
        return by
    (field, index), rest = path[0], path[1:]
    changed = copy.copy(node)
    child = getattr(node, field)
    if index < 0:
        setattr(changed, field, _replaced(child, rest, by))
    else:
        children = list(child)
        children[index] = _replaced(children[index], rest, by)
        setattr(changed, field, children)
    return changed


# Where faults may be.


def _places(
    node: ast.AST, scope: str, in_function: bool, path: tuple[Step, ...]
) -> Iterator[tuple[str, tuple[Step, ...], ast.AST]]:
    if _is_left_alone(node, in_function):
        return
    match node:
        case ast.If(test=ast.Compare(left=left, ops=[ast.Eq()])) if _is_platform(left):
            for index, child in enumerate(node.orelse):
                yield from _places(child, scope, in_function, (*path, ("orelse", index)))
            return
        case _:
            yield scope if in_function else "", path, node
    if isinstance(node, ast.ClassDef) and not in_function:
        scope = f"{scope}{node.name}."
    if isinstance(node, ast.FunctionDef) and not in_function:
        yield from _definition(node, scope, path)
        return
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "bases"):
            continue
        if isinstance(value, ast.AST):
            yield from _places(value, scope, in_function, (*path, (field, -1)))
        elif isinstance(value, list):
            for index, child in enumerate(value):
                if isinstance(child, ast.AST):
                    step = (field, index)
                    yield from _places(child, scope, in_function, (*path, step))


def _definition(
    node: ast.FunctionDef, scope: str, path: tuple[Step, ...]
) -> Iterator[tuple[str, tuple[Step, ...], ast.AST]]:
    """Defaults belong to the definition, which runs on import; the body to the function."""
    yield from _places(node.args, "", False, (*path, ("args", -1)))
    for index, statement in enumerate(node.body):
        yield from _places(statement, f"{scope}{node.name}", True, (*path, ("body", index)))


def _is_left_alone(node: ast.AST, in_function: bool) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.JoinedStr() | ast.Assert():
            # An f-string without a space is no prose, but a key.
            return not (isinstance(node, ast.JoinedStr) and not _has_space(node))
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.Assign() if not in_function:
            return _is_type(node.value) or any(
                isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets
            )
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.keyword(arg=name):
            return name in _WORDING
        case ast.Compare(left=left):
            return _is_platform(left)
        case _:
            return False


_WORDING = ("help", "metavar", "show_default")
"""Arguments that only say in a help text what a flag is."""


def _is_platform(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.platform"


def _is_type(value: ast.AST) -> bool:
    """Whether an assigned value is a type alias or a type variable."""
    match value:
        case ast.Subscript(value=ast.Name(id=name)) | ast.Call(func=ast.Name(id=name)):
            return name[0].isupper() or name in ("tuple", "list", "dict")
        case ast.BinOp(op=ast.BitOr()):
            return True
        case _:
            return False


def _has_space(text: ast.JoinedStr) -> bool:
    return any(
        isinstance(part, ast.Constant) and isinstance(part.value, str) and " " in part.value
        for part in text.values
    )


# What may take a node's place.


def _replacements(node: ast.AST) -> Replacements:
    for operators in _OPERATORS:
        yield from operators(node)


def _comparisons(node: ast.AST) -> Replacements:
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            for other in _NEIGHBOURS.get(type(operator), ()):
                operators = [*node.ops]
                operators[index] = other()
                changed = ast.Compare(node.left, operators, node.comparators)
                yield "comparison", changed


_NEIGHBOURS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}

_OTHER_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
}


def _arithmetic(node: ast.AST) -> Replacements:
    if isinstance(node, ast.BinOp):
        other = _OTHER_ARITHMETIC.get(type(node.op))
        if other is not None:
            yield "arithmetic", ast.BinOp(node.left, other(), node.right)
        yield "term dropped", node.left
    if isinstance(node, ast.AugAssign):
        other = _OTHER_ARITHMETIC.get(type(node.op))
        if other is not None:
            yield "arithmetic", ast.AugAssign(node.target, other(), node.value)
        yield "assignment", ast.Assign([node.target], node.value)
    if isinstance(node, ast.UnaryOp):
        yield "sign dropped", node.operand


def _logic(node: ast.AST) -> Replacements:
    match node:
        case ast.BoolOp(op=operator, values=values):
            other = ast.Or() if isinstance(operator, ast.And) else ast.And()
            yield "logic", ast.BoolOp(other, values)
            for index in range(len(values)):
                rest = [*values[:index], *values[index + 1 :]]
                left = rest[0] if len(rest) == 1 else ast.BoolOp(operator, rest)
                yield "condition dropped", left
        case ast.IfExp(body=yes, orelse=no):
            yield "one branch", yes
            yield "one branch", no
        case ast.If(test=test, body=body, orelse=no) if not isinstance(test, ast.Compare):
            yield "negated", ast.If(ast.UnaryOp(ast.Not(), test), body, no)
        case ast.comprehension(ifs=[_, *_]):
            yield "filter dropped", ast.comprehension(node.target, node.iter, [], node.is_async)
        case _:
            pass


def _constants(node: ast.AST) -> Replacements:
    match node:
        case ast.Constant(value=bool(value)):
            yield "constant", ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield "constant", ast.Constant(value + 1)
            yield "constant", ast.Constant(value - 1)
        case ast.Constant(value=str(text)) if " " not in text:
            yield "constant", ast.Constant(f"XX{text}")
        case _:
            pass


def _statements(node: ast.AST) -> Replacements:
    match node:
        case ast.Expr() | ast.AugAssign() | ast.If() | ast.For() | ast.While() | ast.Raise():
            yield "deleted", ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield "deleted", ast.Pass()
        case ast.Continue():
            yield "deleted", ast.Pass()
            yield "loop left", ast.Break()
        case ast.Break():
            yield "deleted", ast.Pass()
            yield "loop kept", ast.Continue()
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            yield "nothing returned", ast.Return(ast.Constant(None))
        case _:
            pass


_TWINS = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list"}


def _calls(node: ast.AST) -> Replacements:
    if not isinstance(node, ast.Call):
        return
    for index, keyword in enumerate(node.keywords):
        if keyword.arg in _WORDING:
            continue
        rest = [*node.keywords[:index], *node.keywords[index + 1 :]]
        yield "keyword dropped", ast.Call(node.func, node.args, rest)
    match node.func:
        case ast.Name(id=name) if name in _TWINS:
            keywords = node.keywords if _TWINS[name] != "list" else []
            yield (
                "other function",
                ast.Call(ast.Name(_TWINS[name], ast.Load()), node.args, keywords),
            )
        case ast.Attribute(value=of, attr=name) if name in _TWINS:
            twin = ast.Attribute(of, _TWINS[name], ast.Load())
            yield "other function", ast.Call(twin, node.args, node.keywords)
        case _:
            pass
    if isinstance(node.func, ast.Name) and node.func.id in ("min", "max") and len(node.args) > 1:
        for argument in node.args:
            yield "argument alone", argument


def _slices(node: ast.AST) -> Replacements:
    match node:
        case ast.Slice(lower=lower, upper=upper, step=step):
            if lower is not None:
                yield "slice", ast.Slice(None, upper, step)
            if upper is not None:
                yield "slice", ast.Slice(lower, None, step)
            if step is not None:
                yield "slice", ast.Slice(lower, upper, None)
        case ast.Lambda(args=arguments):
            yield "lambda", ast.Lambda(arguments, ast.Constant(None))
        case _:
            pass


_OPERATORS: tuple[Callable[[ast.AST], Replacements], ...] = (
    _comparisons,
    _arithmetic,
    _logic,
    _constants,
    _statements,
    _calls,
    _slices,
)


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _text(node: ast.AST) -> str:
    """The source text of a node on one line; of a long statement only its head."""
    if isinstance(node, ast.Pass):
        return "(nothing)"
    lines = ast.unparse(node).splitlines()
    return lines[0] if len(lines) == 1 else f"{lines[0]} …"
