"""The page of faults says what there is."""

import pytest

from tests.faults.table import PAGE, ROOT, Fault, declared, dotted, rows, seen_in

FAULTS = declared()


def test_the_page_has_every_fault_and_no_other() -> None:
    assert list(rows(PAGE.read_text(encoding="utf-8"))) == FAULTS


def test_every_row_says_what_was_seen() -> None:
    assert all(text.strip() for text in rows(PAGE.read_text(encoding="utf-8")).values())


def test_no_fault_has_two_tests() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_test_tells_what_it_saw(fault: Fault) -> None:
    path, _, names = fault.test.partition("::")
    source = (ROOT / path).read_text(encoding="utf-8")
    body = source.partition(f"def {names.rpartition('::')[2]}(")[2].partition("\n@pytest.mark")[0]
    assert "saw(" in body.partition("\n    def test_")[0].partition("\ndef test_")[0]


def test_what_was_seen_is_read_off_a_report(tmp_path_factory: pytest.TempPathFactory) -> None:
    report = tmp_path_factory.mktemp("report") / "report.xml"
    case = '<testcase classname="tests.a.test_b.TestC" name="test_d[{}]"><properties>{}</properties></testcase>'
    told = '<property name="saw" value="{}"/>'
    cases = [case.format(number, told.format(text)) for number, text in enumerate(["one", "one", "two"])]
    report.write_text(f"<suites>{''.join(cases)}</suites>", encoding="utf-8")
    assert seen_in(report) == {dotted("tests/a/test_b.py::TestC::test_d"): "one; two"}
