"""A plug-in for pytest: the fixture ``fsrbench_gate`` compares a model with a reference inside a test suite.

pytest loads it with every suite where fsrbench is installed, so nothing else is imported until a test asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fsrbench.pytest_plugin.properties import NOT_COMPARED, SUMMARY

if TYPE_CHECKING:
    from fsrbench.pytest_plugin.hold import Gate

_MARKER = (
    "fsrbench(reference, data, metrics, limit, ...): defaults of fsrbench_gate in this test: the reference file, "
    "relative to the suite's root, and settings of fsrbench.evaluate"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the plug-in."""
    group = parser.getgroup("fsrbench", "models of face super-resolution against a reference")
    group.addoption("--fsrbench-update", action="store_true", help="write the tests' models into their reference files")
    group.addoption(
        "--fsrbench-reference", metavar="FILE", help="the reference of tests that name none; ini: fsrbench_reference"
    )
    parser.addini("fsrbench_reference", "the reference file of tests that name none, relative to the suite's root")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def fsrbench_gate(request: pytest.FixtureRequest) -> Gate:
    """Compare a model with a reference: ``fsrbench_gate(model, reference="tests/faces.json", limit=24)``.

    The test fails with the findings if the model regressed, and is an error if the model cannot be compared.
    """
    from fsrbench.pytest_plugin.hold import Gate

    return Gate(request)


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Report a model that could not be compared as an error, not a failure."""
    if report.when == "call" and report.failed and NOT_COMPARED in dict(report.user_properties):
        return "error", "E", "ERROR"
    return None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the outcome for each model below pytest's own report."""
    reports = [
        report
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
    ]
    found = [(report.nodeid, text) for report in reports for name, text in report.user_properties if name == SUMMARY]
    if found:
        terminalreporter.section("fsrbench")
        for nodeid, text in found:
            terminalreporter.write_line(f"{nodeid}: {text}")
