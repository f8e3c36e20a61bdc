"""Classify the pictures that a run keeps, and compare the classes with the labels of a column."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from fsrbench.attributes.classifiers import Classifier
from fsrbench.errors import UserError, counted
from fsrbench.files.markdown import escape, markdown_table
from fsrbench.runs.data import RunData
from fsrbench.runs.grouping import Grouping
from fsrbench.runs.names import HR
from fsrbench.runs.pictures import PictureFolder
from fsrbench.stats.corrections import p_text
from fsrbench.stats.intervals import people
from fsrbench.stats.proportional import Measure, Proportions, proportions

BATCH = 64


def seen_in(run: RunData, row: str, images: Sequence[str], classify: Classifier) -> list[str]:
    """The class seen in each of a row's kept pictures.

    Raises:
        UserError: a picture cannot be read.
    """
    folder, found = PictureFolder(run.path / "images"), []
    for start in range(0, len(images), BATCH):
        pictures = []
        for image in images[start : start + BATCH]:
            try:
                with Image.open(folder.file(row, image)) as picture:
                    pictures.append(np.asarray(picture.convert("RGB")))
            except OSError as error:
                raise UserError(f"{folder.file(row, image)}: cannot be read: {error}") from None
        found += classify(np.stack(pictures))
    return found


def measure(
    run: RunData, grouping: Grouping, classify: Classifier, methods: Sequence[str] | None = None
) -> tuple[dict[str, Proportions], str]:
    """The measures of each method, and a line on the images behind them.

    As in UnfairFace, only images count whose HR the classifier gets right: what it gets wrong on HR, it does not get
    right on SR.

    Raises:
        UserError: the run keeps no pictures, or the classifier's classes are not the column's labels.
    """
    rows = list(methods or run.methods)
    index = PictureFolder(run.path / "images").read_index()
    has_hr = HR in index.rows
    kept = [image for image in index.complete([*rows, *([HR] if has_hr else [])]) if image in grouping.of]
    if not kept:
        raise UserError(f"{run.path} keeps no pictures of images with a label in {grouping.column}")
    truth = {image: grouping.of[image] for image in kept}
    right = kept
    if has_hr:
        of_hr = dict(zip(kept, seen_in(run, HR, kept, classify), strict=True))
        right = [image for image in kept if of_hr[image] == truth[image]]
        if not right:
            some = ", ".join(sorted(set(of_hr.values())))
            raise UserError(
                f"the classifier sees {some} on the HR images but never the label in {grouping.column} "
                f"({', '.join(grouping.names)}): its classes must have the labels' names"
            )
    classes = [name for name in grouping.names if any(truth[image] == name for image in right)]
    if len(classes) < 2:
        raise UserError(f"the classifier is right on HR images of {classes[0]} only; two groups are needed")
    who = people(right, run.identities)
    labels = [truth[image] for image in right]
    found = {row: proportions(labels, seen_in(run, row, right, classify), who, classes) for row in rows}
    about = f"{len(right)} of {counted(len(kept), 'kept image')} with a label" + (
        ", those whose HR the classifier gets right" if has_hr else ""
    )
    return found, f"{about}. Classes: {', '.join(classes)}."


def written(column: str, found: dict[str, Proportions], about: str, classifier: str) -> str:
    """The measures as a Markdown table."""
    headings = ["Method", "Kept, by class (%)", "RDP", "PR", "UCPR"]
    rows = [
        [escape(method), ", ".join(f"{100 * rate:.0f}" for rate in one.kept), *map(_cell, (one.rdp, one.pr, one.ucpr))]
        for method, one in found.items()
    ]
    text = (
        f"{about} By {classifier}. Chi-square divergence from the fair shares: classes kept equally often (RDP), as "
        "frequent as in HR (PR), equally frequent (UCPR; for LR that tells nothing of the class); 0 is fair. p: "
        "Pearson's chi-square test, each person once; in brackets as in the published script. The classes are what the "
        "classifier sees, not what anybody is."
    )
    table = markdown_table(headings, rows, "lrrrr")
    return f"**Classes seen, by {escape(column)}**\n\n{table}\n\n{escape(text)}\n"


def _cell(measure: Measure) -> str:
    if math.isnan(measure.chi2):  # none of the classes is seen, or kept
        return "–"
    return f"{measure.chi2:.4f}, p {p_text(measure.p)} ({p_text(measure.p_script)})"
