"""
Whether a name is bound when a line of its scope is reached, along every path that leads there.

A small definite-assignment analysis: what may be true of one name (`bound`, `unbound`, `deleted`) is carried through
the statements of one scope, and joined where paths meet. Loops are followed twice, which is enough for one name.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from shakeout.evidence.python_scopes import Area, imported, is_type_checking

States = frozenset[str]
NONE: States = frozenset()
BOUND: States = frozenset({"bound"})
UNBOUND: States = frozenset({"unbound"})
DELETED: States = frozenset({"deleted"})

STEPS = 100_000
"""Statements that are followed for one lookup; nested loops and `finally` are followed more than once."""

_ENDS = {"exit", "_exit", "abort", "quit"}


def states(area: Area, name: str, target: ast.Name | None) -> States:
    """
    What may be true of the name when `target` is read, or at the end of the scope with None.

    Empty where no path leads there, or where the scope nests too deeply to be followed (see `STEPS`).
    """
    node = area.node
    if isinstance(node, ast.Lambda) or not isinstance(getattr(node, "body", None), list):
        return BOUND if name in area.local else UNBOUND
    flow = _Flow(name, target)
    start = BOUND if any(item.name == name and item.way == "parameter" for item in area.bound) else UNBOUND
    try:
        end = flow.block(node.body, start)  # type: ignore[attr-defined]
    except RecursionError:
        return NONE
    return end | flow.returned if target is None else flow.seen


class _Flow:
    def __init__(self, name: str, target: ast.Name | None) -> None:
        self.name = name
        self.target = target
        self.seen: States = NONE
        self.returned: States = NONE
        self._tries: list[States] = []
        self._loops: list[tuple[States, States]] = []
        self._elsewhere = 0
        self._steps = 0

    def block(self, body: Sequence[ast.stmt], state: States) -> States:
        for statement in body:
            if not state:
                return NONE
            self._reach(state)
            state = self._statement(statement, state)
            self._reach(state)
        return state

    def _reach(self, state: States) -> None:
        self._tries = [reached | state for reached in self._tries]

    def _bind(self, state: States) -> States:
        return BOUND if state and not self._elsewhere else state

    def _read(self, node: ast.AST | None, state: States) -> States:
        """Look through an expression for the target, and for `:=`."""
        if node is None:
            return state
        inner = list(ast.walk(node))
        walrus = [
            item for item in inner if isinstance(item, ast.NamedExpr) and item.target.id == self.name
        ]  # fmt: skip
        if self.target is not None and any(item is self.target for item in inner):
            place = (self.target.lineno, self.target.col_offset)
            before = any((item.end_lineno or 0, item.end_col_offset or 0) <= place for item in walrus)
            self.seen |= BOUND if before else state
        return self._bind(state) if walrus else state

    def _store(self, target: ast.AST, state: States) -> States:
        state = self._read(target, state)
        for node in ast.walk(target):
            if isinstance(node, ast.Name) and node.id == self.name and isinstance(node.ctx, ast.Store):
                return self._bind(state)
        return state

    def _statement(self, node: ast.stmt, state: States) -> States:
        self._steps += 1
        if self._steps > STEPS:
            raise RecursionError
        if isinstance(node, ast.If):
            return self._if(node, state)
        if isinstance(node, ast.For | ast.AsyncFor | ast.While):
            return self._loop(node, state)
        if isinstance(node, ast.Try | ast.TryStar):
            return self._try(node, state)
        if isinstance(node, ast.With | ast.AsyncWith):
            return self._with(node, state)
        if isinstance(node, ast.Match):
            return self._match(node, state)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return self._definition(node, state)
        if isinstance(node, ast.Import | ast.ImportFrom):
            if isinstance(node, ast.ImportFrom) and any(item.name == "*" for item in node.names):
                return state | BOUND
            return self._bind(state) if self.name in {name for name, _ in imported(node)} else state
        return self._simple(node, state)

    def _simple(self, node: ast.stmt, state: States) -> States:
        if isinstance(node, ast.Return | ast.Raise):
            for child in ast.iter_child_nodes(node):
                state = self._read(child, state)
            if isinstance(node, ast.Return):
                self.returned |= state
            return NONE
        if isinstance(node, ast.Break | ast.Continue):
            if self._loops:
                breaks, continues = self._loops.pop()
                ended = isinstance(node, ast.Break)
                self._loops.append((breaks | state, continues) if ended else (breaks, continues | state))
            return NONE
        if isinstance(node, ast.Assign):
            state = self._read(node.value, state)
            for target in node.targets:
                state = self._store(target, state)
            return state
        if isinstance(node, ast.AugAssign):
            if node.target is self.target:
                self.seen |= state
            state = self._read(node.value, state)
            return self._store(node.target, state) if node.target is not self.target else self._bind(state)
        if isinstance(node, ast.AnnAssign):
            state = self._read(node.annotation, self._read(node.value, state))
            return self._store(node.target, state) if node.value is not None else state
        if isinstance(node, ast.Delete):
            for target in node.targets:
                state = self._read(target, state)
                for part in ast.walk(target):
                    if isinstance(part, ast.Name) and part.id == self.name and isinstance(part.ctx, ast.Del):
                        state = DELETED if not self._elsewhere else state
            return state
        for child in ast.iter_child_nodes(node):
            state = self._read(child, state)
        if isinstance(node, ast.Expr) and _never_returns(node.value):
            return NONE
        return state

    def _if(self, node: ast.If, state: States) -> States:
        state = self._read(node.test, state)
        if is_type_checking(node.test):
            self.block(node.body, state)
            return self.block(node.orelse, state)
        if isinstance(node.test, ast.Constant):
            return self.block(node.body if node.test.value else node.orelse, state)
        return self.block(node.body, state) | self.block(node.orelse, state)

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While, state: States) -> States:
        endless = isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and bool(node.test.value)
        if not isinstance(node, ast.While):
            state = self._read(node.iter, state)
        entry, breaks = state, NONE
        for _ in range(2):
            inside = self._read(node.test, entry) if isinstance(node, ast.While) else self._store(node.target, entry)
            self._loops.append((NONE, NONE))
            end = self.block(node.body, inside)
            left, again = self._loops.pop()
            breaks |= left
            entry |= end | again
        if endless:
            return breaks
        if isinstance(node, ast.While):
            entry = self._read(node.test, entry)
        return self.block(node.orelse, entry) | breaks

    def _try(self, node: ast.Try | ast.TryStar, state: States) -> States:
        self._tries.append(state)
        end = self.block(node.body, state)
        raised = self._tries.pop()
        result = self.block(node.orelse, end)
        anywhere = raised | result
        for handler in node.handlers:
            self._tries.append(NONE)
            own = self._read(handler.type, raised)
            named = handler.name == self.name
            after = self.block(handler.body, self._bind(own) if named else own)
            anywhere |= self._tries.pop() | after
            result |= (DELETED if after and not self._elsewhere else after) if named else after
        if node.finalbody:
            before, self.seen = self.seen, NONE
            self.block(node.finalbody, anywhere)
            met, self.seen = self.seen, before
            self.seen |= met
            outcome = NONE
            for one in sorted(result):
                seen = self.seen
                outcome |= self.block(node.finalbody, frozenset({one}))
                self.seen = seen
            return outcome
        return result

    def _with(self, node: ast.With | ast.AsyncWith, state: States) -> States:
        swallows = False
        for item in node.items:
            state = self._read(item.context_expr, state)
            swallows = swallows or _last_name(item.context_expr) in {"suppress", "raises"}
            if item.optional_vars is not None:
                state = self._store(item.optional_vars, state)
        self._tries.append(state)
        end = self.block(node.body, state)
        raised = self._tries.pop()
        return end | raised if swallows else end

    def _match(self, node: ast.Match, state: States) -> States:
        state = self._read(node.subject, state)
        result, complete = NONE, False
        for case in node.cases:
            inside = state
            for part in ast.walk(case.pattern):
                names = (getattr(part, "name", None), getattr(part, "rest", None))
                if self.name in names:
                    inside = self._bind(inside)
            inside = self._read(case.guard, inside)
            result |= self.block(case.body, inside)
            complete = complete or (
                case.guard is None and isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None
            )
        return result if complete else result | state

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, state: States) -> States:
        for decorator in node.decorator_list:
            state = self._read(decorator, state)
        if isinstance(node, ast.ClassDef):
            for part in (*node.bases, *(item.value for item in node.keywords)):
                state = self._read(part, state)
            self._elsewhere += 1
            self.block(node.body, state)
            self._elsewhere -= 1
        else:
            arguments = node.args
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
            parts = [*arguments.defaults, *arguments.kw_defaults, *(item.annotation for item in every if item)]
            for expression in (*parts, node.returns):
                state = self._read(expression, state)
        return self._bind(state) if node.name == self.name else state


def _last_name(node: ast.expr) -> str:
    inner = node.func if isinstance(node, ast.Call) else node
    return inner.attr if isinstance(inner, ast.Attribute) else inner.id if isinstance(inner, ast.Name) else ""


def _never_returns(node: ast.expr) -> bool:
    """Whether an expression ends the process (`sys.exit()`)."""
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    if isinstance(function, ast.Name):
        return function.id in {"exit", "quit"}
    known = isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)
    return known and _last_name(node) in _ENDS and function.value.id in {"sys", "os"}  # type: ignore[attr-defined]
