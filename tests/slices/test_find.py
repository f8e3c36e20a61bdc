"""A fault planted in one slice is found and named; without a fault, nothing is found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made.sliced import faces, scores, write_sliced

from fsrbench.errors import UserError
from fsrbench.runs.data import RunData
from fsrbench.slices.find import Found, find_slices
from fsrbench.slices.show import as_text

PEOPLE, EACH = 60, 4


def confirmed(found: Found) -> list[str]:
    return [f"{each.method}: {each.text}" for each in found.slices if each.confirmed]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    """Faces turned by more than 20 degrees lose 3 dB, dark ones that are not turned too; one method is honest."""
    rng = np.random.RandomState(1)
    table, images = faces(rng, PEOPLE, EACH)
    fair = scores(rng, PEOPLE, EACH)
    turned = table["yaw"].abs().to_numpy() > 20
    both = (table["brightness"].to_numpy() > 120) & (table["pitch"].to_numpy() > 0)
    psnr = {"honest": fair, "faulty": fair - 3 * turned, "double": fair - 4 * both}
    return write_sliced(tmp_path_factory.mktemp("runs") / "planted", table, images, psnr)


@pytest.fixture(scope="module")
def found(planted: RunData) -> Found:
    return find_slices(planted)


def test_a_planted_fault_is_found_and_named(found: Found) -> None:
    names = confirmed(found)
    assert "faulty: |yaw| > 20°" in names
    assert not [name for name in names if name.startswith("honest")]


def test_a_fault_of_two_conditions_is_named_by_both(found: Found) -> None:
    two = [each for each in found.slices if each.method == "double" and each.confirmed and len(each.conditions) == 2]
    (each,) = two
    assert {c.column for c in each.conditions} == {"brightness", "pitch"}
    assert {c.sign for c in each.conditions} == {">"}
    by_column = {c.column: c.value for c in each.conditions}
    assert by_column["pitch"] == pytest.approx(0, abs=5)
    assert by_column["brightness"] == pytest.approx(120, abs=10)


def test_counts_and_effect_are_those_of_pandas(planted: RunData, found: Found) -> None:
    (each,) = [each for each in found.slices if each.confirmed and each.method == "faulty"]
    table = planted.properties.join(planted.per_image("psnr")["faulty"])
    table["person"] = [name.split("/")[0] for name in table.index]
    inside = table[table["yaw"].abs() > 20]
    assert (each.images, each.people) == (len(inside), inside["person"].nunique())
    # The halves are not told: of all people the effect must lie near that of half of them
    whole = inside["faulty"].mean() - table["faulty"][table["yaw"].abs() <= 20].mean()
    effect, low, high = each.effect
    assert low < effect < high < 0
    assert effect == pytest.approx(whole, abs=0.8)


def test_what_is_hard_for_both_is_no_slice_of_the_difference(planted: RunData) -> None:
    assert confirmed(find_slices(planted, ["double"], base="faulty")) != []
    table = planted.properties
    hard = 25 + table["contrast"].to_numpy() / 10
    noise = np.random.RandomState(3).normal(0, 0.3, (2, len(table)))
    images = planted.images
    run = write_sliced(
        planted.path.parent / "hard", table.reset_index(), images, {"a": hard + noise[0], "b": hard + noise[1]}
    )
    assert any("contrast" in name for name in confirmed(find_slices(run, ["a"])))
    assert confirmed(find_slices(run, ["a"], base="b")) == []


def test_higher_scores_are_the_worse_ones_where_lower_is_better(planted: RunData) -> None:
    info = planted.manifest["metrics"]["psnr"] | {"direction": "lower"}
    other = RunData(
        planted.path,
        planted.scores,
        planted.summary,
        planted.manifest | {"metrics": {"psnr": info}},
        images=planted.images,
    )
    names = confirmed(find_slices(other, ["faulty"]))
    assert names
    assert all("|yaw| ≤" in name or "yaw" not in name for name in names)


@pytest.mark.heavy  # 100 searches
def test_nothing_is_found_for_95_of_100_honest_methods(tmp_path: Path) -> None:
    """With all kinds of columns: drawn by the degradation, labels, and whether landmarks or a draw are known."""
    rng = np.random.RandomState(0)
    table, images = faces(rng, 40, 3)
    table.loc[rng.rand(120) < 0.1, ["yaw", "pitch", "roll", "eye_distance"]] = np.nan
    draws = [{"noise_sigma": rng.uniform(0, 10), "jpeg_quality": float(rng.randint(30, 96))} for _ in range(120)]
    for drawn in draws:
        if rng.rand() < 0.4:
            del drawn["jpeg_quality"]
    labels = {"sex": np.repeat(rng.choice(["f", "m"], 40), 3), "hat": rng.choice(["yes", "no", ""], 120)}
    given = {c: dict(zip(images["image"], map(str, of), strict=True)) for c, of in labels.items()}
    honest = {f"m{k}": scores(rng, 40, 3) for k in range(100)}
    degraded = dict(zip(images["image"], draws, strict=True))
    run = write_sliced(tmp_path / "honest", table, images, honest, degraded=degraded)
    wrong = 0
    for seed, method in enumerate(run.methods):
        found = find_slices(run, [method], labels=given, seed=seed)
        assert {"drawn jpeg_quality known", "yaw known", "hat"} <= {name.replace("|", "") for name in found.columns}
        wrong += bool(confirmed(found))
    assert wrong <= 5


def test_a_method_that_failed_does_not_end_the_search_of_others(planted: RunData, tmp_path: Path) -> None:
    faulty = planted.per_image("psnr")["faulty"].loc[planted.properties.index].to_numpy()
    psnr = {"failed": np.full(len(faulty), np.nan), "faulty": faulty}
    run = write_sliced(tmp_path / "run", planted.properties.reset_index(), planted.images, psnr)
    found = find_slices(run)
    assert found.methods == ("faulty",)
    assert "faulty: |yaw| > 20°" in confirmed(found)
    with pytest.raises(UserError, match="no image has a finite psnr of failed"):
        find_slices(run, ["failed"])


def test_labels_are_searched_like_properties(planted: RunData) -> None:
    hats = np.random.RandomState(5).rand(len(planted.properties)) < 0.3
    names = planted.properties.index
    labels = {"hat": dict(zip(names, np.where(hats, "yes", "no"), strict=True)), "unknown": {"p0/0": ""}}
    fair = planted.per_image("psnr")["honest"].loc[planted.properties.index].to_numpy()
    run = write_sliced(
        planted.path.parent / "hats", planted.properties.reset_index(), planted.images, {"a": fair - 3 * hats}
    )
    found = find_slices(run, labels=labels)
    assert confirmed(found)[0] == "a: hat = yes"
    assert all("hat = yes" in name for name in confirmed(found))
    assert "unknown (not known)" in found.left_out
    assert "lr_size (the same everywhere)" in found.left_out


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"metric": "psrn"}, "unknown metric of this run 'psrn'; did you mean psnr?"),
        ({"methods": ["honesty"]}, "unknown method of this run 'honesty'; did you mean honest?"),
        ({"base": "other"}, "unknown method of this run 'other'"),
        (
            {"labels": {"yaw": {"p0/0": "1"}}},
            "column yaw: a property of the pictures has this name",
        ),
    ],
)
def test_what_cannot_be_searched_has_one_line(planted: RunData, options: dict, reason: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(UserError, match=reason.replace("?", r"\?")):
        find_slices(planted, **options)


def test_text_says_what_is_not_known(tmp_path: Path) -> None:
    rng = np.random.RandomState(0)
    properties, images = faces(rng, 40, 1)
    properties[["yaw", "pitch", "roll", "eye_distance"]] = np.nan
    given = {"a": scores(rng, 40, 1)}
    text = str(as_text(find_slices(RunData.load(write_sliced(tmp_path / "run", properties, images, given).path))))
    assert "of 40 images of 40 people: 20 searched" in text
    assert "Head pose needs landmarks: landmarks.csv" in text
    nobody = write_sliced(tmp_path / "nobody", properties, images.assign(identity=None), given)
    assert "of 40 images (no identities: each counts as one of 40 people): 20 searched" in str(
        as_text(find_slices(RunData.load(nobody.path)))
    ).replace("\n", " ")


def test_images_without_a_score_of_every_method_are_counted(tmp_path: Path) -> None:
    rng = np.random.RandomState(0)
    properties, images = faces(rng, 40, 1)
    given = {"a": scores(rng, 40, 1), "b": scores(rng, 40, 1)}
    given["a"][:3], given["b"][2:5] = np.nan, np.inf
    text = str(as_text(find_slices(write_sliced(tmp_path / "run", properties, images, given))))
    assert "of 35 images of 35 people" in text
    assert "5 images of 40 left out: no finite score of every method." in text


def test_few_people_and_runs_without_properties_are_refused(planted: RunData, tmp_path: Path) -> None:
    table, images = faces(np.random.RandomState(0), 8, 2)
    run = write_sliced(tmp_path / "few", table, images, {"a": scores(np.random.RandomState(0), 8, 2)})
    with pytest.raises(UserError, match="8 people are too few"):
        find_slices(run)
    (run.path / "properties.csv").unlink()
    with pytest.raises(UserError, match="is missing, as in runs of earlier versions; run it again"):
        find_slices(RunData.load(run.path))
