from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tests.architecture.conftest import House

    Sketch = Callable[[dict[str, str]], House]
    Uphold = Callable[[Iterable[str]], None]

MIRRORS = {
    "app/api/v1/endpoints/": "tests/app/api/v1/",
    "app/api/v2/endpoints/": "tests/app/api/v2/",
    "app/services/": "tests/app/services/",
}


def modules_without_tests(house: House, root: Path) -> Iterator[str]:
    for source, tests in MIRRORS.items():
        for module in house.matching(f"{source}*"):
            folder, _, name = module.path.removeprefix(source).rpartition("/")
            expected = PurePosixPath(tests, folder, f"test_{name}").as_posix()
            if not name.startswith("_") and not (root / expected).is_file():
                yield module.at(1, f"has no {expected}; tests mirror the tree")


def test_every_module_has_its_tests(house: House, uphold: Uphold, root: Path) -> None:
    uphold(modules_without_tests(house, root))


def test_a_module_without_tests_is_found(sketch: Sketch, tmp_path: Path) -> None:
    paths = ["__init__.py", "_words.py", "alerts.py", "users.py", "videos/render.py"]
    bad = sketch({f"app/services/{path}": "" for path in paths} | {"app/api/v1/endpoints/users.py": ""})
    (tmp_path / "tests/app/services").mkdir(parents=True)
    (tmp_path / "tests/app/services/test_alerts.py").touch()
    assert list(modules_without_tests(bad, tmp_path)) == [
        "app/api/v1/endpoints/users.py:1: has no tests/app/api/v1/test_users.py; tests mirror the tree",
        "app/services/users.py:1: has no tests/app/services/test_users.py; tests mirror the tree",
        "app/services/videos/render.py:1: has no tests/app/services/videos/test_render.py; tests mirror the tree",
    ]
