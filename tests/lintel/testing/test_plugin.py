import pytest

pytest_plugins = ["pytester"]

SUITE = """
def test_uses_both(postgres_url, redis_url):
    assert (postgres_url, redis_url) == ("postgresql://named", "redis://named")
"""


def test_gives_fixtures_to_a_suite_that_names_it(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://named")
    monkeypatch.setenv("TEST_REDIS_URL", "redis://named")
    pytester.makeconftest('pytest_plugins = ["lintel.testing.plugin"]')
    pytester.makepyfile(SUITE)
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
