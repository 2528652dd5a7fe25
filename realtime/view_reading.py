"""What a REST view reads and answers, found in its own source: so the reference cannot grow stale.

A view says `valid(Body, request)`, `asked(Query, request)` or `Query(data=...)`, and answers with
`reply(data, status=..., seq=...)`; nothing else is looked at.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from rest_framework.serializers import BaseSerializer

_BODY, _QUERY, _ANSWER = "valid", ("asked", "_asked"), ("reply", "Response")


@dataclass(frozen=True, slots=True)
class Reading:
    """The serializers of a method's body and query, its status, and the keys beside `data`."""

    body: type[BaseSerializer[Any]] | None = None
    query: type[BaseSerializer[Any]] | None = None
    status: int = 200
    extras: tuple[str, ...] = ()
    params: tuple[str, ...] = ()  # of the query, where there is no serializer


@cache
def reading(view: type, method: str) -> Reading:
    """Return what the view's method (`get`, `post`, ...) reads and answers."""
    function = inspect.unwrap(getattr(view, method))
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    names = vars(sys.modules[function.__module__])
    body = query = None
    status, params = 200, []
    extras: tuple[str, ...] = ()
    for call in _calls(tree, names):
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if name == _BODY:
            body = _named(call.args[0], names, view)
        elif name in _QUERY:
            query = _named(call.args[0], names, view)
        elif name in _ANSWER:
            status = _status(call) or status
            extras = tuple(k.arg for k in call.keywords if k.arg and k.arg != "status") or extras
        elif _is_query_get(call.func) and isinstance(call.args[0], ast.Constant):
            params.append(str(call.args[0].value))
        elif any(k.arg == "data" for k in call.keywords):
            query = _named(call.func, names, view) or query
    return Reading(body, query, status, extras, tuple(params))


def _calls(tree: ast.AST, names: dict[str, Any]) -> Iterator[ast.Call]:
    """Yield the calls of a function, and those of its own module's functions that it calls."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node
            called = names.get(node.func.id) if isinstance(node.func, ast.Name) else None
            if inspect.isfunction(called) and called.__module__ == names["__name__"]:
                inner = ast.walk(ast.parse(inspect.getsource(called)))
                yield from (one for one in inner if isinstance(one, ast.Call))


def _is_query_get(function: ast.expr) -> bool:
    match function:
        case ast.Attribute(value=ast.Attribute(attr="query_params"), attr="get"):
            return True
    return False


def _status(call: ast.Call) -> int | None:
    for keyword in call.keywords:
        if keyword.arg == "status" and isinstance(keyword.value, ast.Constant):
            return int(str(keyword.value.value))
    return None


def _named(node: ast.expr, names: dict[str, Any], view: type) -> type[BaseSerializer[Any]] | None:
    """Return the serializer that an expression of the view names, if it is one."""
    found: Any = None
    match node:
        case ast.Name(id=name):
            found = names.get(name)
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            found = getattr(view, name, None)
        case ast.Attribute(value=ast.Name(id=module), attr=name):
            found = getattr(names.get(module), name, None)
    return found if isinstance(found, type) and issubclass(found, BaseSerializer) else None
