"""Development sessions: `nox -s tests`, `nox -s lint`, `nox -s types`, `nox -s gate`, `nox -s board`, `nox -s docs`."""

import nox

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["tests", "lint", "types"]


@nox.session
def tests(session: nox.Session) -> None:
    """The test suite; arguments go to pytest (`nox -s tests -- -m slow`)."""
    session.install("-e", ".[test,retinaface]")
    session.run("pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, formatting, and the layers of the rooms."""
    session.install("ruff>=0.9", "import-linter>=2.1")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Static types."""
    session.install("-e", ".[lint]")
    session.run("mypy")


@nox.session
def bench(session: nox.Session) -> None:
    """The harness's speed compared with other tools, into results/performance.md; about ten minutes."""
    session.install("-e", ".[test]")
    session.run("python", "tests/performance/bench.py", *session.posargs)


@nox.session
def gate(session: nox.Session) -> None:
    """The methods on the built-in sample against results/reference.json; `nox -s gate -- --update` rewrites it."""
    session.install("-e", ".")
    session.run("bash", "tools/gate.sh", *session.posargs, external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation as a site, into build/site; `nox -s docs -- serve` shows it as you write."""
    session.install("-e", ".[docs]")
    session.run("mkdocs", *(session.posargs or ["build", "--strict"]), env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session
def board(session: nox.Session) -> None:
    """This project's own leaderboard from results/board/, into build/board; also part of the documentation."""
    session.install("-e", ".")
    session.run("fsrbench", "board", "results/board", "--out", "build/board", "--name", "fsrbench's own leaderboard")
