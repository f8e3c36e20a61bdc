"""A study's scores in the folder of the run whose pictures were judged."""

from __future__ import annotations

import math
from pathlib import Path

from fsrbench.errors import UserError, counted
from fsrbench.runs.data import RunData
from fsrbench.runs.pictures import PictureFolder
from fsrbench.runs.preference import JudgedMetric, Preferred, write_preference
from fsrbench.study.key import Key
from fsrbench.study.make import pixels_hash, read_picture
from fsrbench.study.score import QuestionScore, StudyScore


def check_pictures(run: RunData, key: Key) -> None:
    """Check that the run's pictures are those that were judged, pixel by pixel.

    Raises:
        UserError: they are not.
    """
    folder = PictureFolder(run.path / "images")
    index = folder.read_index()
    for method in key.methods:
        if method not in index.rows:
            raise UserError(f"{run.path}: no pictures of {method}, which was judged; this is not the study's run")
        pairs = zip(key.images, key.pictures[method], strict=True)
        changed = [image for image, digest in pairs if _digest(folder.file(method, image)) != digest]
        if changed:
            raise UserError(
                f"{run.path}: {len(changed)} of {counted(len(key.images), 'picture')} of {method} are not those that "
                f"were judged ({changed[0]}); make the study again"
            )


def _digest(file: Path) -> str:
    """The hash of a picture; empty without one."""
    return pixels_hash(read_picture(file)) if file.is_file() else ""


def write_scores(run: RunData, key: Key, score: StudyScore) -> Path:
    """Write a study's numbers into a run's folder, where tables, plots and page read them.

    Raises:
        UserError: the run's pictures are not those that were judged.
    """
    check_pictures(run, key)
    metrics = [_metric(question, score) for question in score.questions]
    return write_preference(run.path, score.study, key.methods, metrics)


def _metric(found: QuestionScore, score: StudyScore) -> JudgedMetric:
    apart = sum(not rater.counts for rater in score.raters)
    note = (
        f"{found.answers} answers of {counted(found.raters, 'rater')} on {counted(found.images, 'image')} of "
        f"{found.people} people" + (f"; {counted(apart, 'rater')} set apart" if apart else "")
    )
    rows = [
        Preferred(
            method=each.method,
            value=each.preference,
            ci_low=None if math.isnan(each.ci_low) else each.ci_low,
            ci_high=None if math.isnan(each.ci_high) else each.ci_high,
            n=each.n,
        )
        for each in found.methods
        if each.n
    ]
    question = found.question
    return JudgedMetric(
        name=question.metric,
        title=question.title,
        protocol=f"{question.protocol}; study {score.study[:12]}",  # numbers of different studies are not comparable
        note=note,
        rows=rows,
    )
