"""tools/sum-results counts what the runners left, and misses no failure."""

import pathlib
import subprocess

import pytest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "sum-results"

PASSED = '<testsuites><testsuite><testcase classname="a" name="one"/></testsuite></testsuites>'
FAILED = '<testsuite><testcase name="two"><failure message="why&#10;more"/></testcase></testsuite>'
BROKEN = '<testsuite><testcase name="three"><error message="broken"/></testcase></testsuite>'
SKIPPED = '<testsuite><testcase name="four"><skipped message="no Go"/></testcase></testsuite>'
JUDGED = """\
FAILED: Errors/unary/oops:
\tactual error missing
\twhatever else
FAILED: Basic/unary was expected to fail but did not

Total cases: 7
5 passed, 2 failed
"""
UNCHOSEN = '<testsuite><testcase name="five"><skipped/></testcase></testsuite>'


@pytest.fixture
def sums(tmp_path):
    """(exit status, lines) for runners given as name=(exit status, report or
    log)."""

    def sums(*arguments, **runners):
        for name, (status, report) in runners.items():
            (tmp_path / f"{name}.status").write_text(f"{status}\n")
            if report is not None:
                suffix = "xml" if report.startswith("<") else "log"
                (tmp_path / f"{name}.{suffix}").write_text(report)
        result = subprocess.run(
            [TOOL, tmp_path, *arguments], capture_output=True, text=True, check=False
        )
        return result.returncode, result.stdout.splitlines()

    return sums


def test_several_runners_are_one_sum(sums):
    assert sums(a=(0, PASSED), b=(0, PASSED), check=(0, None)) == (0, ["3 passed, 0 failed"])


def test_failures_are_named_with_the_first_line_of_why(sums):
    assert sums(a=(1, FAILED), b=(1, BROKEN), c=(0, PASSED)) == (
        1,
        ["failed: two: why", "failed: three: broken", "1 passed, 2 failed"],
    )


def test_skipped_tests_are_named_and_do_not_fail(sums):
    assert sums(a=(0, PASSED), b=(0, SKIPPED)) == (
        0,
        ["skipped: four: no Go", "1 passed, 0 failed, 1 skipped"],
    )


def test_a_runner_that_broke_beside_its_tests_fails(sums):
    assert sums(a=(2, PASSED)) == (1, ["failed: a: exit status 2", "1 passed, 1 failed"])
    assert sums(a=(139, None))[0] == 1


def test_nothing_run_fails(sums):
    assert sums() == (1, ["0 passed, 0 failed"])


def test_what_was_not_chosen_by_name_is_not_skipped(sums):
    assert sums("one", a=(0, PASSED), b=(0, UNCHOSEN)) == (0, ["1 passed, 0 failed"])
    assert sums(a=(0, PASSED), b=(0, UNCHOSEN))[1][-1] == "1 passed, 0 failed, 1 skipped"


def test_what_a_judge_printed_is_counted_and_shown(sums):
    assert sums(judge=(1, JUDGED), a=(0, PASSED)) == (
        1,
        [
            "judge: 5 passed, 2 failed",
            "failed: Errors/unary/oops: actual error missing",
            "failed: Basic/unary was expected to fail but did not: ",
            "6 passed, 2 failed",
        ],
    )
    assert sums(judge=(0, "Total cases: 2\n2 passed, 0 failed\n"))[1] == [
        "judge: 2 passed, 0 failed",
        "3 passed, 0 failed",
    ]


def test_a_judge_that_broke_beside_its_tests_fails(sums):
    assert sums(judge=(1, "2 passed, 0 failed\n"))[1][1:] == [
        "failed: judge: exit status 1",
        "2 passed, 1 failed",
    ]


def test_a_judge_that_is_not_there_is_skipped_with_its_reason(sums):
    assert sums(judge=(77, "hm\nGo is missing\n"), a=(0, PASSED)) == (
        0,
        ["skipped: judge: Go is missing", "1 passed, 0 failed, 1 skipped"],
    )
