"""``fsrbench audit``: from a run's folder or a method's name to tables and a figure."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from fsrbench import weights
from fsrbench.audit import plot as plot_audit
from fsrbench.audit import table as table_audit
from fsrbench.audit.findings import Findings
from fsrbench.audit.measure import audit_methods
from fsrbench.audit.origin import Origin
from fsrbench.errors import UserError
from fsrbench.files.atomic import whole
from fsrbench.machine.console import Reporter
from fsrbench.machine.offline import no_connections
from fsrbench.process.state import preserved
from fsrbench.spec import parse_spec

OUT: Final = Path("runs/audit")
"""Output folder of an audit without a run."""

WORK: Final = "work"
"""Folder in it for cached results; an audit of a run uses the run's own folder."""


class OnceReporter(Reporter):
    """Shows each warning once, although an audit is several runs on the same data."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: set[str] = set()

    def warn(self, line: str) -> None:
        """Show a line, unless it was shown before."""
        if line not in self._shown:
            self._shown.add(line)
            super().warn(line)


@preserved()
def audit(run: Path | None, out: Path | None, options: Mapping[str, Any]) -> None:
    """Audit a run's methods, or others; write tables and figure, and print the tables.

    Args:
        run: folder of a finished run.
        out: where tables and figure go; ``None`` for ``audit`` in the run's folder, or :data:`OUT`.
        options: fields of :class:`fsrbench.spec.RunSpec` given by the user; they override the run's.

    Raises:
        UserError: neither run nor methods, or nothing that can be audited.
    """
    if (run is None) == ("methods" not in options):
        raise UserError("name either a run's folder or --method")
    origin = Origin(run) if run else None
    out = out or (run / "audit" if run else OUT)
    spec = origin.spec(options) if origin else parse_spec(**{**options, "out": out / WORK})
    reporter = OnceReporter()
    offline = no_connections() if spec.offline else nullcontext()
    fetched = weights.fetched_when_needed(None if spec.offline else reporter)
    with offline, fetched, weights.override(spec.weights):
        findings = audit_methods(spec, reporter, origin)
    write(findings, out)
    Console().print(table_audit.TerminalAudit(findings))
    reporter.say(f"audit: {out}")


def write(findings: Findings, out: Path) -> None:
    """Write ``audit.csv``, ``audit.md``, ``audit.png`` and ``audit.svg``.

    Raises:
        UserError: the folder cannot be written to.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with whole(out / "audit.csv") as part:
            findings.rows.to_csv(part, index=False)
        with whole(out / "audit.md") as part:
            part.write_text(table_audit.markdown(findings), encoding="utf-8")
        plot_audit.write_plot(findings, out)
    except OSError as error:
        raise UserError(f"cannot write to {out}: {error.strerror}") from None
