"""Which database, from which setting."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from lintel.db import reader_url, writer_url
from lintel.db._urls import make_folder
from lintel.settings import DatabaseSettings, load_settings


def settings(**values: Any) -> DatabaseSettings:
    unset = {"database_url": None, "database_reader_url": None}
    return load_settings(DatabaseSettings, env_file=None, **{**unset, **values})


class TestWriterUrl:
    def test_is_a_file_in_the_data_folder_where_none_is_set(self, tmp_path: Path) -> None:
        url = writer_url(settings(data_dir=tmp_path))
        assert (url.drivername, url.database) == ("sqlite+aiosqlite", str(tmp_path / "lintel.db"))

    @pytest.mark.parametrize(
        ("given", "driver"),
        [
            ("postgresql://u:p@db/x", "postgresql+asyncpg"),
            ("postgresql+psycopg://u:p@db/x", "postgresql+asyncpg"),
            ("postgresql+asyncpg://u:p@db/x", "postgresql+asyncpg"),
            ("sqlite:///x.db", "sqlite+aiosqlite"),
            ("sqlite+pysqlite:///x.db", "sqlite+aiosqlite"),
            ("sqlite+aiosqlite:///x.db", "sqlite+aiosqlite"),
        ],
    )
    def test_means_the_async_driver_whichever_is_named(self, given: str, driver: str) -> None:
        assert writer_url(settings(database_url=given)).drivername == driver

    def test_keeps_everything_else(self) -> None:
        given = "postgresql://u:p%40s@db:5433/x?application_name=a"
        url = writer_url(settings(database_url=given))
        assert url.set(drivername="postgresql") == make_url(given)
        assert url.password == "p@s"


class TestReaderUrl:
    def test_is_the_writers_where_none_is_set(self) -> None:
        given = settings(database_url="postgresql://u:p@db/x")
        assert reader_url(given) == writer_url(given)

    def test_is_the_replicas_where_one_is_set(self) -> None:
        given = settings(database_url="postgresql://u:p@db/x", database_reader_url="postgresql://u:p@replica/x")
        assert (reader_url(given).host, writer_url(given).host) == ("replica", "db")
        assert reader_url(given).drivername == "postgresql+asyncpg"


class TestMakeFolder:
    def test_makes_the_folder_of_a_file_with_all_above_it(self, tmp_path: Path) -> None:
        make_folder(make_url(f"sqlite:///{tmp_path}/a/b/x.db"))
        assert [path.name for path in (tmp_path / "a").rglob("*")] == ["b"]

    def test_leaves_a_folder_that_is_there(self, tmp_path: Path) -> None:
        (tmp_path / "kept.txt").touch()
        make_folder(make_url(f"sqlite:///{tmp_path}/x.db"))
        assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]

    @pytest.mark.parametrize("url", ["postgresql://db/a/b"])
    def test_makes_nothing_for_what_is_no_file(self, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        make_folder(make_url(url))
        assert list(tmp_path.iterdir()) == []
