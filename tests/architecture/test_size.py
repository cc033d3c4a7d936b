from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.architecture.conftest import House

    Sketch = Callable[[dict[str, str]], House]
    Uphold = Callable[[Iterable[str]], None]

MAX_FILE_LINES = 400
MAX_BODY_LINES = 50


def long_files(house: House) -> Iterator[str]:
    for module in house:
        lines = len(module.text.splitlines())
        if lines > MAX_FILE_LINES:
            yield module.at(lines, f"{lines} lines, at most {MAX_FILE_LINES}: more than one concern lives here")


def long_functions(house: House) -> Iterator[str]:
    for module in house:
        for function in module.functions:
            lines = _body_lines(function)
            if lines > MAX_BODY_LINES:
                yield module.at(function, f"{function.name} has {lines} lines, at most {MAX_BODY_LINES}: split it")


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    has_docstring = ast.get_docstring(function, clean=False) is not None
    body = function.body[1:] if has_docstring else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_no_file_is_too_long(house: House, uphold: Uphold) -> None:
    uphold(long_files(house))


def test_no_function_is_too_long(house: House, uphold: Uphold) -> None:
    uphold(long_functions(house))


def test_a_long_file_is_found(sketch: Sketch) -> None:
    [finding] = long_files(sketch({"app/x.py": "x = 1\n" * 401, "app/y.py": "x = 1\n" * 400}))
    assert finding.startswith("app/x.py:401: 401 lines")


def test_a_long_function_is_found_and_its_docstring_is_free(sketch: Sketch) -> None:
    start = f"    '''Long.{chr(10) * 60}    '''\n" + "    x = 1\n" * 50
    [finding] = long_functions(sketch({"app/x.py": f"def f():\n{start}def g():\n{start}    y = 2\n"}))
    assert "g has 51 lines" in finding


def test_a_docstring_alone_is_no_body(sketch: Sketch) -> None:
    assert list(long_functions(sketch({"app/x.py": "def f():\n    'Only words.'\n"}))) == []
