"""Text files of a user that are bombs, broken or of another kind: pairs, settings, configurations, landmarks."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from made import write_files
from made.hostile.cases import GOOD, INTACT, Case, faces, people, run_on

Make = Callable[[Path], list[object]]


def pairs(content: bytes | None) -> Make:
    """A run with a pairs file; without content there is none."""

    def make(folder: Path) -> list[object]:
        if content is not None:
            (folder / "pairs.txt").write_bytes(content)
        return run_on(people(folder), "--pairs", folder / "pairs.txt", "--metrics", "psnr")

    return make


def pairs_pipe(folder: Path) -> list[object]:
    os.mkfifo(folder / "pairs.txt")
    return run_on(people(folder), "--pairs", folder / "pairs.txt")


def pairs_folder(folder: Path) -> list[object]:
    return run_on(people(folder), "--pairs", folder)


def pairs_sparse(folder: Path) -> list[object]:
    with (folder / "pairs.txt").open("wb") as file:
        file.truncate(2**31)
    return run_on(people(folder), "--pairs", folder / "pairs.txt")


PAIRS = [
    Case("pairs-missing", pairs(None), "cannot be read: No such file"),
    Case("pairs-empty", pairs(b""), "first line must have two numbers"),
    Case("pairs-binary", pairs(bytes(range(256))), "cannot be read: UnicodeDecodeError"),
    Case("pairs-utf16", pairs("2 1\nann 1 2\n".encode("utf-16")), "cannot be read: UnicodeDecodeError"),
    Case("pairs-words", pairs(b"two one\n"), "first line must have two numbers"),
    Case("pairs-negative", pairs(b"-2 -1\n"), "at least 2 folds"),
    Case("pairs-too-many-announced", pairs(b"10 99999999999999999999\nann 1 2\n"), "1 pairs, its first line announces"),
    Case("pairs-digits-without-end", pairs(b"2 " + b"9" * 5000), "first line must have two numbers"),
    Case("pairs-wrong-line", pairs(b"2 1\nann 1\nann 1 bob 1\nbob 1 2\nann 2 bob 2\n"), "line 2: expected 'name i j'"),
    Case("pairs-zero-bytes", pairs(b"2 1\n" + b"\0" * 100), "1 pairs, its first line announces 4"),
    Case("pairs-pipe", pairs_pipe, "not a regular file"),
    Case("pairs-folder", pairs_folder, "not a regular file"),
    Case("pairs-2-gb", pairs_sparse, "more than 64 MiB"),
]


def settings(content: bytes, model: str = "scgan") -> Make:
    """A training with these settings; it never starts."""

    def make(folder: Path) -> list[object]:
        (folder / "settings.yaml").write_bytes(content)
        data = ["--data", folder / "no-faces.zip", "--device", "cpu", "--out", folder / "out"]
        return ["train", model, *data, "--config", folder / "settings.yaml"]

    return make


def settings_pipe(folder: Path) -> list[object]:
    os.mkfifo(folder / "pipe.yaml")
    return [*settings(b"")(folder)[:-1], folder / "pipe.yaml"]


LAUGHS = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (letter, letter, b",".join([b"*%c" % (letter - 1)] * 9)) for letter in range(98, 107)
)
"""The billion laughs, as YAML."""

SETTINGS = [
    Case("yaml-laughs", settings(b"init: \n" + LAUGHS), "aliases .* stand for more than 100,000 values"),
    Case("yaml-holds-itself", settings(b"init: &a [*a]\n"), "aliases .* stand for more than"),
    Case("yaml-deep", settings(b"init: " + b"[" * 50_000), "nested too deeply"),
    Case("yaml-deep-braces", settings(b"{a: " * 50_000), "nested too deeply"),
    Case("yaml-unknown-setting", settings(b"epochs: 3\n"), "unknown setting 'epochs'; known: init, detach"),
    Case("yaml-number-for-a-name", settings(b"7: 3\n"), "unknown setting '7'"),
    Case("yaml-long-name", settings(b"? " + b"x" * 1000 + b"\n: 1\n"), "unknown setting 'x{80}'"),
    Case("yaml-wrong-type", settings(b"detach: perhaps\n"), "setting detach must be bool, not 'perhaps'"),
    Case("yaml-list-for-a-text", settings(b"init: [a, b]\n"), "setting init must be str"),
    Case("yaml-not-a-number", settings(b"rate: .nan\n", "ours"), "setting rate must be float, not nan"),
    Case("yaml-endless", settings(b"rate: -.inf\n", "ours"), "setting rate must be float, not -inf"),
    Case("yaml-list", settings(b"- init\n"), "expected settings as 'name: value'"),
    Case("yaml-text", settings(b"just a text\n"), "expected settings as 'name: value'"),
    Case("yaml-no-date", settings(b"init: 2001-99-99\n"), "cannot be read: ValueError"),
    Case("yaml-no-number", settings(b"init: !!int many\n"), "cannot be read: ValueError"),
    Case("yaml-digits-without-end", settings(b"init: " + b"9" * 6000), "cannot be read: ValueError"),
    Case("yaml-code", settings(b"init: !!python/object/apply:os.mkdir [sprung]\n"), "cannot be read: could not determ"),
    Case("yaml-broken", settings(b"init: [a\n"), "cannot be read: .*line 2"),
    Case("yaml-tabs", settings(b"\tinit: a\n"), "cannot be read: .*cannot start any token"),
    Case("yaml-binary", settings(b"\xff\xfe\x00"), "cannot be read: UnicodeDecodeError"),
    Case("yaml-control", settings(b"init: \x07\n"), "cannot be read: .*not allowed"),
    Case("yaml-3-mb", settings(b"# " + b"x" * 3_000_000), "more than 1 MiB"),
    Case("yaml-pipe", settings_pipe, "not a regular file"),
    Case("yaml-no-weights", settings(b"init: nowhere.safetensors\n"), "nowhere.safetensors cannot be loaded"),
    Case("train-no-data", settings(b""), "no-faces.zip does not exist"),
]


def configuration(content: bytes) -> Make:
    """A run with a configuration that names data that is there; other keys may follow."""

    def make(folder: Path) -> list[object]:
        text = b"methods: [bicubic]\nmetrics: [psnr]\ndata: faces\nout: out\n"
        (folder / "study.yaml").write_bytes(text + content)
        faces(folder)
        return ["run", "--config", folder / "study.yaml", "--device", "cpu"]

    return make


def configuration_pipe(folder: Path) -> list[object]:
    os.mkfifo(folder / "pipe.yaml")
    return [*configuration(b"")(folder), "--config", folder / "pipe.yaml"]


CONFIGURATIONS = [
    Case("config-intact", configuration(b"seed: 0\n"), "run folder: out", 0, INTACT),
    Case("config-laughs", configuration(LAUGHS), "line 1\\d: cannot be read: its aliases"),
    Case("config-holds-itself", configuration(b"runs: &a {a: *a}\n"), "line 5: cannot be read: its aliases"),
    # On one line, as in yaml-deep, PyYAML takes most of a second
    Case("config-deep", configuration(b"runs: " + b"[\n" * 50_000), "nested too deeply"),
    Case("config-binary", configuration(b"\xff\xfe\x00"), "cannot be read: UnicodeDecodeError"),
    Case("config-code", configuration(b"seed: !!python/object/apply:os.mkdir [sprung]\n"), "could not determ.*line 5"),
    Case("config-key-twice", configuration(b"data: sample\n"), "line 5: 'data' appears twice"),
    Case("config-key-of-a-list", configuration(b"? [a, b]\n: 1\n"), "cannot be read.*unhashable"),
    Case("config-long-key", configuration(b"? " + b"x" * 1000 + b"\n: 1\n"), "line 5: unknown key 'x{80}'"),
    Case("config-screen", configuration(b'"\\e[2J": 1\n'), r"line 5: unknown key '\\x1b\[2J'"),
    Case("config-digits-without-end", configuration(b"seed: " + b"9" * 6000), "line 5: cannot be read: ValueError"),
    Case("config-large-number", configuration(b"limit: 1e999\n"), "line 5: limit: must be"),
    Case("config-not-a-number", configuration(b"isolate: true\ntimeout: .nan\n"), "line 6: timeout: must be"),
    Case("config-up", configuration(b"runs: {../up: {}}\n"), r"line 5: '../up': a name may have letters"),
    Case("config-absolute", configuration(b"runs: {/tmp/x: {}}\n"), "line 5: '/tmp/x': a name may have letters"),
    Case("config-zero-byte-name", configuration(b'runs: {"a\\0b": {}}\n'), "line 5: .* a name may have letters"),
    Case("config-table-up", configuration(b"runs: {a: {}}\ntables: {../t: {}}\n"), "line 6: '../t': a name may have"),
    Case(
        "config-sweep-up",
        configuration(b"degradation: [../..]\n"),
        "unknown degradation|does not give a unique folder name",
    ),
    Case("config-zero-byte-data", configuration(b'pairs: "a\\0b"\n'), "line 5: pairs: .*cannot be read"),
    Case(
        "config-out-is-a-file",
        configuration(b"runs: {a: {out: faces}}\n"),
        "line 5: each run's folder is its name below out",
    ),
    Case("config-missing", lambda folder: ["run", "--config", folder / "no.yaml"], "cannot be read: No such file"),
    Case("config-folder", lambda folder: ["run", "--config", folder], "not a regular file"),
    Case("config-pipe", configuration_pipe, "not a regular file"),
]


def landmarks(content: bytes) -> Make:
    """A run on good pictures with a landmarks file beside them."""
    return lambda folder: run_on(write_files(folder / "data", GOOD | {"landmarks.csv": content}))


HEADING = b"image,x0,y0\n"
POINTS = b",1.5" * 136 + b"\n"

LANDMARKS = [
    Case("landmarks-empty", landmarks(b""), "first line must be image"),
    Case("landmarks-binary", landmarks(b"\xff\xfe\x00"), "landmarks.csv cannot be read"),
    Case("landmarks-one-number", landmarks(HEADING + b"good1,1\n"), "line 2: expected 136"),
    Case(
        "landmarks-no-number", landmarks(HEADING + b"good1" + POINTS.replace(b"1.5", b"nan", 1)), "expected 136 finite"
    ),
    Case(
        "landmarks-words", landmarks(HEADING + b"good1" + POINTS.replace(b"1.5", b"left", 1)), "line 2: could not conv"
    ),
    Case("landmarks-twice", landmarks(HEADING + (b"good1" + POINTS) * 2), "line 3: good1 appears twice"),
    Case("landmarks-long-cell", landmarks(HEADING + b"x" * 200_000), "cannot be read: field larger"),
    Case("landmarks-no-end-of-quote", landmarks(HEADING + b'"' + b"a\n" * 100_000), "cannot be read: field larger"),
    Case(
        "landmarks-of-others",
        landmarks(HEADING + b"who\n" * 100_000),
        "100000 lines name no image",
        0,
        INTACT,
        heavy=True,
    ),
    Case("landmarks-up", landmarks(HEADING + b"../../etc/passwd" + POINTS), "1 lines name no image", 0, INTACT),
]


def groups(content: bytes) -> Make:
    """A run on good pictures with a file of labels beside them."""
    return lambda folder: run_on(write_files(folder / "data", GOOD | {"groups.csv": content}))


GROUPS = [
    Case("groups-empty", groups(b""), "the first line must be image and the names of the columns"),
    Case("groups-binary", groups(b"\xff\xfe\x00"), "groups.csv cannot be read"),
    Case("groups-without-columns", groups(b"image\ngood1\n"), "the first line must be image and the names"),
    Case("groups-short-line", groups(b"image,sex,age\ngood1,f\n"), "line 2: 2 columns, the first line has 3"),
    Case("groups-twice", groups(b"image,sex\ngood1,f\ngood1.png,m\n"), "line 3: good1 appears twice"),
    Case("groups-of-others", groups(b"image,sex\n../good1,f\n"), "none of its 1 lines names an image"),
    Case("groups-long-cell", groups(b"image,sex\n" + b"x" * 200_000), "cannot be read: field larger"),
]


def reference(fill: Callable[[Path], object]) -> Make:
    """A run with a reference set for FID and KID."""

    def make(folder: Path) -> list[object]:
        (folder / "reference").mkdir()
        fill(folder / "reference")
        return run_on(faces(folder), "--reference", folder / "reference", "--metrics", "psnr")

    return make


REFERENCES = [
    Case("reference-empty", reference(lambda path: None), "no pictures in"),
    Case("reference-missing", reference(lambda path: path.rmdir()), "does not exist"),
    Case("reference-lr-alone", reference(lambda path: write_files(path / "LR", GOOD)), "has no HR image"),
    Case("reference-no-zip", reference(lambda path: (path.rmdir(), path.write_bytes(b"PK"))), "neither a folder"),
]
