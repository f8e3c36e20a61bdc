"""``python -m tools.sample fit | draw | check``."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

HERE = Path(__file__).resolve().parent
MODEL = HERE / "model.safetensors"
SAMPLE = HERE.parents[1] / "fsrbench" / "datasets" / "sample.zip"

app = typer.Typer(help="Make and check the built-in sample of synthetic faces.", no_args_is_help=True)


@app.command()
def fit(
    faces: Annotated[Path, typer.Option(help="Zip of <identity>/<file> faces, 128 px, to fit the model to.")],
    detail: Annotated[Path, typer.Option(help="Weights of the detail network, trained with detail.yaml.")],
    out: Annotated[Path, typer.Option(help="Where the model goes.")] = MODEL,
) -> None:
    """Fit the model to real faces; needs dlib."""
    from tools.sample.fit import fit as run

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    run(faces, detail, out)


@app.command()
def train(
    faces: Annotated[Path, typer.Option(help="Zip of <identity>/<file> faces, 128 px.")],
    out: Annotated[Path, typer.Option(help="The training's folder; an existing training is resumed.")],
    model: Annotated[Path, typer.Option(help="Model whose appearance is fitted.")] = MODEL,
    config: Annotated[Path, typer.Option(help="Settings of the recipe.")] = HERE / "detail.yaml",
    steps: Annotated[int, typer.Option(help="Updates, of 8 faces each.")] = 4000,
) -> None:
    """Train the detail network on real faces; needs dlib."""
    from tools.sample.model import load
    from tools.sample.train import train as run

    run(load(model).appearance, faces, out, steps, config)


@app.command()
def draw(
    model: Annotated[Path, typer.Option(help="Fitted model.")] = MODEL,
    out: Annotated[Path, typer.Option(help="Zip to write.")] = SAMPLE,
    people: Annotated[int, typer.Option(help="How many identities.")] = 64,
    pictures: Annotated[int, typer.Option(help="How many pictures of each.")] = 3,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 1,
) -> None:
    """Draw the sample from the fitted model: no real face is needed."""
    from tools.sample.draw import draw_faces, write_zip
    from tools.sample.model import load

    write_zip(out, *draw_faces(load(model), people, pictures, seed))


@app.command()
def check(
    train: Annotated[Path, typer.Option(help="Zip the model was fitted to.")],
    test: Annotated[Path, typer.Option(help="Zip of other real faces, for comparison.")],
    sample: Annotated[Path, typer.Option(help="Sample to measure.")] = SAMPLE,
    cache: Annotated[Path | None, typer.Option(help="Folder to keep real faces' descriptors in.")] = None,
) -> None:
    """Print the acceptance numbers beside those of real faces."""
    from tools.sample.report import report

    typer.echo(f"{'':60}{'sample':>10}{'real':>10}")
    for name, ours, real in report(sample, train, test, cache):
        typer.echo(f"{name:60}{ours:10.3f}{real:10.3f}")


if __name__ == "__main__":
    app()
