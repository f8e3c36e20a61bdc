"""The part of docs/protocols.md on protocols of papers and scripts, made from their records."""

from __future__ import annotations

from collections.abc import Iterator

from fsrbench.files.markdown import escape
from fsrbench.protocols.build import build
from fsrbench.protocols.record import Record, find, names

HEAD = """
## Protocols of papers and scripts

`fsrbench run --protocol NAME` measures as one of these papers or scripts does: it sets the task, the degradation (which
`--degradation` overrides) and the metrics. Use single metrics by their full names: `--metrics psnr,vqfr:psnr`. A
record's number has its own column, and its line under the table names the record; the record's version and sha256 are
in `manifest.json`. `fsrbench list protocols` lists them; `--protocol FILE.yaml` takes your own record, structured like
those in `fsrbench/protocols/records/`.

Nobody publishes a hash of the LR pictures that these papers used, so none is checked; your own record can have one.
"""


def section() -> str:
    """The section, a part for each record."""
    return HEAD + "".join("".join(_part(find(name))) for name in names())


def _part(record: Record) -> Iterator[str]:
    yield f"\n### {record.id}\n\n{escape(record.title)}, version {record.version}.\n\n"
    yield from (f"* {line}\n" for line in _facts(record))
    yield "\n| metric | column | what is computed |\n| --- | --- | --- |\n"
    for name, entry in record.metrics.items():
        metric = build(record, name)
        said = "as above" if record.own else "; ".join(filter(None, (metric.protocol, entry.note)))
        unit = f" ({metric.unit})" if metric.unit else ""
        arrow = {"higher": " \u2191", "lower": " \u2193"}.get(metric.direction, "")
        yield f"| `{record.metric_name(name)}` | {escape(entry.title)}{unit}{arrow} | {escape(said)} |\n"
    if record.not_measured:
        yield "\n" + "".join(
            f"* Not measured: {escape(what)} ({escape(why)}).\n" for what, why in record.not_measured.items()
        )
    if record.traps:
        yield "\nKnown traps:\n\n"
        yield from (f"* {escape(trap.text)}{_reports(trap.reports)}\n" for trap in record.traps)


def _facts(record: Record) -> Iterator[str]:
    source = record.source
    commit = f" at `{source.commit}`" if source.commit else ""
    where = f" <{source.repository}>{commit}:" if source.repository else ""
    yield f"Source: {escape(source.paper or '')}.{where} {', '.join(f'`{file}`' for file in source.files)}"
    yield f"Task: {', '.join(f'`{task}`' for task in record.tasks)}"
    made = f" (`--degradation {record.lr.degradation}`)" if record.lr.degradation else ""
    yield f"LR: {escape(record.lr.description)}{made}"
    if record.sets:
        yield f"Test sets: {'; '.join(_sets(record))}"


def _sets(record: Record) -> Iterator[str]:
    for used in record.sets:
        count = "sources disagree on the number" if used.images is None else f"{used.images:,} images"
        facts = ", ".join(filter(None, (count, "" if used.hr else "no HR", used.note)))
        yield f"{escape(used.name)} ({escape(facts)})"


def _reports(addresses: tuple[str, ...]) -> str:
    links = [f"[{address.removeprefix('https://').removeprefix('github.com/')}]({address})" for address in addresses]
    return f" {', '.join(links)}" if links else ""
