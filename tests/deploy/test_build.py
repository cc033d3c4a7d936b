"""What `make build` makes: exactly the library, installable by itself."""

import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

import lintel
from tests.conftest import ROOT

LIBRARY = {
    path.relative_to(ROOT / "src").as_posix()
    for path in (ROOT / "src" / "lintel").rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
}


def build(folder: Path, kind: str) -> Path:
    """The archive that the project's own build backend makes, without any network."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=True)
    [archive] = folder.iterdir()
    return archive


@pytest.mark.slow
class TestWheel:
    def test_holds_the_library_and_nothing_else(self, tmp_path: Path) -> None:
        wheel = build(tmp_path, "wheel")
        assert wheel.name == f"fastapi_lintel-{lintel.__version__}-py3-none-any.whl"
        names = {name for name in zipfile.ZipFile(wheel).namelist() if not name.endswith("/")}
        assert {name for name in names if ".dist-info/" not in name} == LIBRARY
        assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)

    def test_is_imported_from_an_empty_environment(self, tmp_path: Path) -> None:
        """Its requirements come from here: an index may be out of reach."""
        wheel = build(tmp_path / "dist", "wheel")
        venv.create(tmp_path / "venv", with_pip=False)
        python = tmp_path / "venv" / "bin" / "python"
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
        subprocess.run(
            [*pip, "install", "-q", "--no-index", "--no-deps", str(wheel)], cwd=tmp_path, timeout=120, check=True
        )
        script = "import sys; sys.path.append(sys.argv[1]); import lintel.application; print(lintel.__file__)"
        done = subprocess.run(
            [str(python), "-I", "-c", script, dependencies()],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert Path(done.stdout.strip()).is_relative_to(tmp_path / "venv")


def dependencies() -> str:
    """The folder of installed packages; the library itself is there as a link that needs .pth files to be read."""
    return str(Path(pytest.__file__).parent.parent)


@pytest.mark.slow
class TestSdist:
    @pytest.fixture
    def names(self, tmp_path: Path) -> Iterator[set[str]]:
        with tarfile.open(build(tmp_path, "sdist")) as archive:
            yield {str(PurePosixPath(*PurePosixPath(name).parts[1:])) for name in archive.getnames()}

    def test_holds_what_the_wheel_is_built_from(self, names: set[str]) -> None:
        library = {f"src/{name}" for name in LIBRARY}
        others = {"LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "PKG-INFO", ".gitignore"}
        assert names == library | others
