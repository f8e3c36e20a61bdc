"""The command line: exit codes, one line for what is wrong, quick help."""

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import torch
from made import call, picture_files, run, write_files
from made.grouped import write_grouped
from made.places import ROOT

from fsrbench.stats.seeds import MOST_SEED

SCRIPT = Path(sys.executable).with_name("fsrbench")
COMMANDS = [
    *([], ["run"], ["table"], ["plot"], ["grid"], ["compare"], ["report"], ["check"], ["audit"], ["list"], ["train"]),
    *(["upscale"], ["board"]),
    *(["weights"], ["weights", "fetch"]),
]
KINDS = ["methods", "metrics", "datasets", "degradations", "weights", "protocols"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("data"), picture_files(["a.png", "b.png"]))


@pytest.fixture(scope="module")
def finished(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("finished") / "out"
    assert run(data, out, methods="bicubic,nearest").code == 0
    return out


def cpu_seconds(*arguments: str) -> float:
    """User and system time of a call in a process of its own: a busy machine does not lengthen it much."""
    before = os.times()
    subprocess.run([SCRIPT, *arguments], check=True, capture_output=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_exits_0_and_describes_the_command(command: list[str]) -> None:
    result = call(*command, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout
    assert result.stderr == ""


def test_the_version_is_that_of_the_package() -> None:
    result = call("--version")
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"fsrbench {metadata.version('fsrbench')}\n", "")


READING = [
    "table RUN",
    "table RUN --format tex",
    "compare RUN",
    "table GROUPED --by sex --columns psnr",
    "compare GROUPED --by sex --columns psnr",
    "plot RUN",
    "report RUN",
    "check RUN --against REFERENCE",
    "board BUNDLES --out SITE",
]
CALLS = """
import json, sys
from typer.testing import CliRunner
from fsrbench.cli.app import app

def called(line):
    return CliRunner().invoke(app, [words.get(word, word) for word in line.split()]).exit_code, "torch" in sys.modules

lines, words = map(json.loads, sys.argv[1:])
print(json.dumps({line: called(line) for line in lines}))
"""


@pytest.fixture(scope="module")
def read(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[object]]:
    """Each command's exit code and whether torch was imported then, all in one process: those take seconds to start."""
    reference = tmp_path_factory.mktemp("reference") / "reference.json"
    assert call("check", finished, "--against", reference, "--update").exit_code == 0
    grouped = write_grouped(tmp_path_factory.mktemp("grouped") / "run")
    words = {"RUN": str(finished), "REFERENCE": str(reference), "GROUPED": str(grouped.path)}
    words |= {"BUNDLES": str(ROOT / "results" / "board"), "SITE": str(tmp_path_factory.mktemp("board") / "site")}
    command = [sys.executable, "-c", CALLS, json.dumps(READING), json.dumps(words)]
    found: dict[str, list[object]] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


@pytest.mark.heavy
@pytest.mark.parametrize("command", READING)
def test_what_reads_a_finished_run_needs_no_torch(read: dict[str, list[object]], command: str) -> None:
    assert read[command] == [0, False]


@pytest.mark.parametrize("command", [["--help"], ["run", "--help"]], ids=" ".join)
def test_help_takes_less_than_half_a_second(command: list[str]) -> None:
    assert any(cpu_seconds(*command) < 0.5 for _ in range(3))


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, fsrbench.cli.app; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not {"torch", "numpy", "pandas", "PIL", "pydantic", "matplotlib"} & set(done.stdout.split())


def test_what_is_not_freed_at_the_end_is_not_printed() -> None:
    """torch's FLOP counter and exports import Triton, which counts its objects when Python ends."""
    pytest.importorskip("triton", reason="torch brings Triton on Linux")
    code = "import sys, triton.runtime.jit; from fsrbench.cli.app import main; sys.argv[1:] = ['--version']; main()"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--methods", "bicubik"], "unknown method 'bicubik'; did you mean bicubic"),
        (["--methods", "bicubic,ourz"], "did you mean ours"),
        (["--methods", "python:os"], "'os' is not package.module:Name"),
        (["--methods", "onxn:file"], "unknown kind of method 'onxn'"),
        (["--methods", ""], "--methods: name at least one"),
        (["--methods", " , "], "--methods: name at least one"),
        (["--metrics", "psrn"], "unknown metric 'psrn'; did you mean psnr"),
        (["--metrics", "psnr,SSIN"], "did you mean ssim"),
        (["--metrics", ","], "--metrics: name at least one"),
        (["--degradation", "bicubik"], "unknown degradation 'bicubik'; did you mean bicubic?"),
        (["--data", "smple"], "unknown dataset 'smple'; did you mean sample?"),
        (["--task", "x2"], "--task: unknown task 'x2'; write x4, x8 or LRxSCALE"),
        (["--device", "gpu"], "unknown device 'gpu'; known: auto, cpu, cuda, cuda:i"),
        (["--device", "cuda:x"], "unknown device 'cuda:x'"),
        (["--limit", "0"], "--limit: must be at least 1"),
        (["--limit", "-3"], "--limit: must be"),
        (["--batch-size", "0"], "--batch-size: must be"),
        (["--seed", "-1"], "--seed: must be"),
        (["--seed", str(MOST_SEED + 1)], "--seed: must be at most 4294967293"),
        (["--sides", "two"], "--sides: must be one or both"),
        (["--alignment", "mtcnn"], "--alignment: must be hr, sr, lr, given or none"),
        (["--descriptor", "dlip"], "--descriptor: must be auto, dlib, facenet or arcface"),
        (["--timing", "slow"], "--timing: must be quick or full"),
        (["--ratio-to", "nearest"], "--ratio-to nearest is not one of the methods"),
        (["--reference", "smple"], "unknown dataset 'smple'; did you mean sample?"),
        (["--reference", "no/such"], "no/such does not exist"),
        (["--pairs", "nowhere.txt"], "nowhere.txt: cannot be read: "),
        (["--weights", "arcfase=x"], "unknown weight file 'arcfase'; did you mean arcface"),
        (["--weights", "arcface=nowhere.onnx"], "nowhere.onnx is not a file; write arcface=FILE"),
    ],
)
def test_wrong_value_is_one_line_and_code_2(data: Path, tmp_path: Path, options: list[str], reason: str) -> None:
    result = run(data, tmp_path / "out", *options)
    assert result.code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("fsrbench: ")
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:7"])
def test_cuda_on_a_machine_without_it(data: Path, tmp_path: Path, device: str) -> None:
    result = run(data, tmp_path / "out", "--device", device)
    assert result.code == 2
    assert f"no device {device}: torch sees 0 CUDA devices" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "bicubic"],
        ["run", "--methods", "bicubic", "--limit", "three"],
        ["run", "--methods", "bicubic", "--limmit", "3"],
        ["rnu"],
        ["table"],
        ["list"],
        ["train", "ours"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_code_2(arguments: list[str]) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_list_shows_names(kind: str) -> None:
    result = call("list", kind)
    assert result.exit_code == 0
    known = {
        "methods": "bicubic",
        "metrics": "psnr",
        "datasets": "sample",
        "degradations": "realworld",
        "weights": "niqe",
        "protocols": "vqfr",
    }
    assert known[kind] in result.stdout


@pytest.mark.parametrize(
    ("kind", "hint"), [("method", "did you mean methods"), ("Metrics", "did you mean metrics"), ("zzz", "known: ")]
)
def test_list_of_an_unknown_kind_is_one_line(kind: str, hint: str) -> None:
    result = call("list", kind)
    assert result.exit_code == 2
    assert hint in result.stderr
    assert result.stderr.count("\n") == 1


def test_broken_plugin_does_not_break_the_list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from fsrbench.methods import base, names
    from fsrbench.registry import Registry

    (tmp_path / "broken_plugin.py").write_text("raise RuntimeError('no licence')")
    monkeypatch.syspath_prepend(tmp_path)
    targets = {"mine": "broken_plugin:X", "bicubic": "baselines.interpolation:Bicubic"}
    for module in (base, names):
        monkeypatch.setattr(module, "METHODS", Registry("method", targets))
    result = call("list", "methods")
    assert result.exit_code == 0
    assert "no licence" in " ".join(result.stdout.split())
    assert "bicubic" in result.stdout


@pytest.mark.parametrize("format", ["md", "tex", "csv", "html"])
def test_table_prints_every_format(finished: Path, format: str) -> None:
    result = call("table", finished, "--format", format)
    assert result.exit_code == 0
    assert "bicubic" in result.stdout
    assert "nearest" in result.stdout


def test_table_shows_the_columns_asked_for(finished: Path) -> None:
    shown = call("table", finished, "--columns", "ssim", "--format", "csv").stdout
    assert "SSIM" in shown
    assert "PSNR" not in shown


@pytest.mark.parametrize("format", ["md", "tex", "csv", "html"])
def test_table_adds_what_papers_reported(finished: Path, format: str) -> None:
    measured = call("table", finished, "--format", format).stdout
    both = call("table", finished, "--format", format, "--published")
    assert both.exit_code == 0
    assert both.stdout != measured
    assert format == "csv" or both.stdout.startswith(measured.rstrip("\n"))


def test_compare_prints_every_format(finished: Path) -> None:
    assert "PSNR (dB) ↑\n  nearest" in call("compare", finished).stdout
    assert "| nearest |" in call("compare", finished, "--format", "md").stdout
    to_nearest = call("compare", finished, "--to", "nearest", "--columns", "psnr", "--format", "csv").stdout
    assert [line.split(",")[:3] for line in to_nearest.splitlines()[1:]] == [["psnr", "bicubic", "nearest"]]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--to", "scgan"], "no method scgan in this run; it has bicubic, nearest"),
        (["--columns", "psnrr"], "no metric psnrr in this run"),
        (["--format", "tex"], "unknown format 'tex'; known: text, md, csv"),
    ],
)
def test_compare_refuses_in_one_line(finished: Path, options: list[str], reason: str) -> None:
    result = call("compare", finished, *options)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert reason in result.stderr


@pytest.mark.parametrize("seed", [-1, MOST_SEED + 1])
def test_seeds_that_cannot_draw_are_refused_everywhere(finished: Path, seed: int) -> None:
    for command in (["compare", finished], ["check", finished, "--against", "r.json"], ["audit", finished]):
        result = call(*command, "--seed", seed)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "--seed" in result.stderr


@pytest.mark.parametrize(
    ("options", "reason"),
    [(["--format", "xlsx"], "unknown format 'xlsx'; known: md, tex, csv, html"), (["--columns", "psrn"], "psrn")],
)
def test_table_refuses_in_one_line(finished: Path, options: list[str], reason: str) -> None:
    result = call("table", finished, *options)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1


def test_plot_names_the_files_it_wrote(finished: Path) -> None:
    result = call("plot", finished)
    assert result.exit_code == 0
    for line in result.stdout.splitlines():
        assert Path(line).is_file()


@pytest.mark.parametrize("command", ["table", "plot", "report"])
@pytest.mark.parametrize("state", ["missing", "empty", "file"])
def test_folder_that_is_no_run_is_refused(tmp_path: Path, command: str, state: str) -> None:
    path = tmp_path / "run"
    if state == "empty":
        path.mkdir()
    elif state == "file":
        path.write_text("x")
    result = call(command, path)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1


def test_unknown_weight_file_is_refused() -> None:
    result = call("weights", "fetch", "nikey")
    assert result.exit_code == 2
    assert "did you mean niqe" in result.stderr
    assert "metrics of pyiqa" in result.stderr


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["ourz"], "did you mean ours"),
        (["ours", "--task", "x3"], "unknown task 'x3'; write x4, x8 or LRxSCALE"),
        (["ours", "--device", "gpu"], "unknown device 'gpu'"),
        (["ours"], "missing does not exist"),
    ],
)
def test_training_refuses_in_one_line(tmp_path: Path, options: list[str], reason: str) -> None:
    result = call("train", *options, "--data", tmp_path / "missing", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1


def test_interrupt_says_how_to_continue(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fsrbench.api.benchmark", interrupted)
    result = run(data, tmp_path / "out")
    assert result.code == 130
    assert "run the same command to continue" in result.stderr


@pytest.mark.heavy
def test_a_deleted_current_folder_is_one_line(tmp_path: Path) -> None:
    code = "import os, sys; os.rmdir(os.getcwd()); from fsrbench.cli.app import main; main()"
    command = [sys.executable, "-P", "-c", code, "list", "methods"]
    (tmp_path / "here").mkdir()
    done = subprocess.run(command, cwd=tmp_path / "here", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("fsrbench: the current folder was deleted")


def test_script_of_the_package_finds_modules_in_the_current_folder_and_fails_in_one_line(tmp_path: Path) -> None:
    """Once for real, in a process of its own: exit code, standard output and error as a shell sees them."""
    (tmp_path / "my_method.py").write_text("", encoding="utf-8")
    command = [SCRIPT, "export", "python:my_method:enlarge"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "fsrbench: cannot load method python:my_method:enlarge: my_method has no enlarge\n"


@pytest.mark.heavy
def test_unprintable_characters_end_no_command(tmp_path: Path) -> None:
    """The table of a run on data of such a name: that prints without torch, whose import takes seconds."""
    data = write_files(tmp_path / "a\N{LATIN SMALL LETTER E WITH ACUTE}", picture_files(["a.png"]))
    assert run(data, tmp_path / "out", methods="nearest").code == 0
    environment = os.environ | {"PYTHONIOENCODING": "ascii:strict"}
    result = subprocess.run([SCRIPT, "table", tmp_path / "out"], capture_output=True, env=environment, check=False)
    assert result.returncode == 0, result.stderr
    assert b"a\\xe9" in result.stdout
