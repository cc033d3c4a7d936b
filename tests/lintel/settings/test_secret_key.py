import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from pydantic import SecretStr

from lintel.settings import SecuritySettings, SettingsError, resolve_secret_key

SECRET = "tX3-9vQ_kLz7PmR2wYb8NfHcJ0sGdUeA"
OTHER_PROCESS = """
import sys, time
from pathlib import Path
from lintel.settings import SecuritySettings, resolve_secret_key

settings = SecuritySettings(_env_file=None, data_dir=Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
print(resolve_secret_key(settings))
"""

Make = Callable[..., SecuritySettings]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def settings(secret_key: SecretStr | None = None) -> SecuritySettings:
        return SecuritySettings(data_dir=tmp_path / "a" / "data", secret_key=secret_key)

    return settings


def files(settings: SecuritySettings) -> list[str]:
    return [path.name for path in settings.data_dir.iterdir()]


class TestResolveSecretKey:
    def test_makes_a_long_random_key_that_only_its_owner_reads(self, make: Make) -> None:
        key = resolve_secret_key(make())
        assert len(key) >= 64
        assert (make().data_dir / "secret_key").read_text() == key
        assert (make().data_dir / "secret_key").stat().st_mode & 0o777 == 0o600

    def test_answers_the_same_ever_after(self, make: Make) -> None:
        assert resolve_secret_key(make()) == resolve_secret_key(make())
        assert files(make()) == ["secret_key"]

    def test_makes_another_one_in_another_folder(self, make: Make, tmp_path: Path) -> None:
        assert resolve_secret_key(make()) != resolve_secret_key(SecuritySettings(data_dir=tmp_path / "b"))

    def test_takes_the_configured_one_and_writes_nothing(self, make: Make) -> None:
        assert resolve_secret_key(make(SecretStr(SECRET))) == SECRET
        assert not make().data_dir.exists()

    def test_the_configured_one_wins_over_the_one_that_was_made(self, make: Make) -> None:
        resolve_secret_key(make())
        assert resolve_secret_key(make(SecretStr(SECRET))) == SECRET

    def test_threads_that_race_agree(self, make: Make) -> None:
        start = Barrier(8)

        def resolve(_: int) -> str:
            start.wait(10)
            return resolve_secret_key(make())

        with ThreadPoolExecutor(8) as threads:
            keys = set(threads.map(resolve, range(8)))
        assert len(keys) == 1
        assert files(make()) == ["secret_key"]

    def test_processes_that_race_agree(self, make: Make) -> None:
        command = [sys.executable, "-c", OTHER_PROCESS, str(make().data_dir)]
        others = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
        for other in others:
            assert other.stdout is not None
            assert other.stdout.readline() == "ready\n"
        for other in others:
            assert other.stdin is not None
            other.stdin.write("\n")
            other.stdin.flush()
        keys = {other.communicate(timeout=30)[0] for other in others}
        assert len(keys) == 1
        assert {key.strip() for key in keys} == {resolve_secret_key(make())}

    def test_a_folder_that_cannot_be_made_is_a_fault_that_names_it(self, make: Make, tmp_path: Path) -> None:
        (tmp_path / "a").touch()
        with pytest.raises(SettingsError, match=r"DATA_DIR .* cannot be written to"):
            resolve_secret_key(make())

    @pytest.mark.parametrize("content", [b"", b"x", b"a" * 31, b"\xff" * 48])
    def test_a_file_without_a_key_is_a_fault_that_names_it(self, make: Make, content: bytes) -> None:
        settings = make()
        resolve_secret_key(settings)
        (settings.data_dir / "secret_key").write_bytes(content)
        with pytest.raises(SettingsError, match="secret_key holds no key"):
            resolve_secret_key(settings)

    def test_the_folder_is_its_owners_alone(self, make: Make) -> None:
        settings = make()
        resolve_secret_key(settings)
        assert settings.data_dir.stat().st_mode & 0o777 == 0o700
