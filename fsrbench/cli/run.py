"""``fsrbench run``. Its options are the settings of :class:`fsrbench.spec.RunSpec`, made into parameters for typer."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import typer

from fsrbench.cli.errors import one_line_errors
from fsrbench.spec import LISTS, Flag, RunSpec, from_flags


def _explicit(context: typer.Context) -> dict[str, Any]:
    """The settings given on the command line, by name, without defaults."""
    sources = {name: context.get_parameter_source(name) for name in context.params if name not in ("config", "log")}
    return {name: context.params[name] for name, source in sources.items() if source and source.name == "COMMANDLINE"}


def run(
    context: typer.Context,
    *,
    config: Annotated[
        Path | None, typer.Option(help="YAML file with these settings, or with several runs; flags override it.")
    ] = None,
    log: Annotated[
        str | None, typer.Option(help="Also log to mlflow, wandb or tensorboard, comma-separated; docs/trackers.md.")
    ] = None,
    **flags: Any,
) -> None:
    """Super-resolve faces with METHODS and write tables, plots, pictures and the protocol of every number."""
    with one_line_errors():
        from fsrbench.api import evaluate
        from fsrbench.errors import UserError
        from fsrbench.experiment.command import run_config, show_run
        from fsrbench.trackers.log import RunLogger

        if config is None and flags["methods"] is None:
            raise UserError("--methods: name at least one, or give --config FILE.yaml")
        logger = RunLogger(log, flags["offline"])
        if config is not None:
            code = run_config(config, _explicit(context), logger)
        else:
            run_data = evaluate(**from_flags({"out": flags["out"], **_explicit(context)}))
            code = show_run(run_data)
            logger(run_data)
        logger.raise_problems()
    raise typer.Exit(code)


def _options() -> Iterator[inspect.Parameter]:
    """One typer parameter per setting; methods are optional because a file may name them."""
    hints = get_type_hints(RunSpec, include_extras=True)
    for setting in dataclasses.fields(RunSpec):
        kind, *metadata = get_args(hints[setting.name])
        [flag] = [item for item in metadata if isinstance(item, Flag)]
        default = None if setting.default is dataclasses.MISSING else setting.default
        names = []
        if get_origin(kind) is Literal:
            kind = str  # RunSpec says what is allowed, for the command line and for files
        elif kind is bool:
            names = [flag.names or f"--{setting.name.replace('_', '-')}"]
        elif setting.name in LISTS:
            kind, default = str | None, ",".join(default) if default else None
        elif get_origin(kind) is dict:
            kind = list[str] | None
        option = typer.Option(default, *names, help=flag.help)
        yield inspect.Parameter(setting.name, inspect.Parameter.KEYWORD_ONLY, default=option, annotation=kind)


_context, _config, _log, _ = inspect.signature(run, eval_str=True).parameters.values()
_methods, *_others = _options()
run.__signature__ = inspect.Signature([_context, _methods, _config, *_others, _log])  # type: ignore[attr-defined]
