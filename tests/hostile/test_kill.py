"""Runs that are killed at random moments, from their first file to their last, end with the scores of one in peace."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pandas as pd
import pytest
from made import picture_files, write_files
from made.forked import run_python

pytestmark = pytest.mark.kill

KILLS = 10
SHARES = (None, 0.6)
"""Of what the run takes, a limit of the cache."""
SHARD = 2
IMAGES = [f"{i // 3:02}/{i}.png" for i in range(3 * SHARD)]
"""Three shards."""
FLAGS = ["--methods", "bicubic,ours", "--metrics", "psnr,ssim,landmark_nme,params", "--device", "cpu"]

# Forks of one process that has done such a run, and so imported everything: only what a run does is to be interrupted
KILLER = """
import gc, json, os, random, shutil, signal, sys, time
import fsrbench.engine.run, fsrbench.gallery.keep
from fsrbench.cli.app import app
from fsrbench.engine import plan
from fsrbench.pictures import grid
from fsrbench.reports.plots import draw

draw.write_plots = lambda *_: None  # longer than all the rest
grid.SMALLEST_CELL = 0  # else its file takes a third of a run
seed, kills, plan.SHARD, shares, *flags = json.loads(sys.argv[1])
moments = random.Random(seed)

found = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

def start(out, *more):
    if (child := os.fork()) == 0:
        app(["run", *flags, "--out", out, *more])
    return child

def ended(child):
    return os.waitpid(child, os.WNOHANG) != (0, 0)

def kept(out):
    return sorted(name for _, _, files in os.walk(out + "/cache") for name in files)

def size(out):
    return sum(os.path.getsize(os.path.join(top, name)) for top, _, names in os.walk(out + "/cache") for name in names)

app(["run", *flags, "--out", "undisturbed"], standalone_mode=False)
units = len(kept("undisturbed"))
gc.freeze()  # children search none of this for garbage when they end

def killed_again_and_again(out, *limit):
    found, over = [], False
    while len(found) < kills:
        if over or len(found) % 2:  # going on alone, most moments would be near the end
            shutil.rmtree(out, ignore_errors=True)
        before, child, seen = set(kept(out)), start(out, *limit), set()
        # After so many new units and a little more: by the clock alone a slow first run puts all moments at the end
        wanted, more = moments.randint(0, units - len(before)), moments.uniform(0, 0.2)
        while not (over := ended(child)) and len(seen) < wanted:
            seen |= set(kept(out)) - before  # under a limit they go again
            time.sleep(0.005)
        time.sleep(more)
        if not (over := over or ended(child)):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            found.append(kept(out))
    os.waitpid(start(out, *limit), 0)
    return found

limits = [["--cache-limit", f"{share * size('undisturbed') / 2**30:.15f}"] if share else [] for share in shares]
kills_left = [killed_again_and_again(f"killed{place}", *limit) for place, limit in enumerate(limits)]
os.write(found, json.dumps(kills_left).encode())
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[list[str]]]]:
    """The folder of a run in peace and of those killed, and by share the units that each kill left."""
    folder = tmp_path_factory.mktemp("kills")
    write_files(folder / "data", picture_files(IMAGES))
    seed = int.from_bytes(os.urandom(4))
    settings = json.dumps([seed, KILLS, SHARD, SHARES, "--data", "data", *FLAGS])
    ended = run_python(KILLER, settings, cwd=folder, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    print(f"seed {seed}; units kept at the kills: {[[len(files) for files in each] for each in found]}")
    return folder, found


@pytest.mark.skipif(os.name != "posix", reason="forks, and kills with a POSIX signal")
@pytest.mark.parametrize("share", SHARES)
def test_ten_kills_at_random_moments_change_nothing(
    killed: tuple[Path, list[list[list[str]]]], share: float | None
) -> None:
    """Without a limit of the cache, and with one of this share of what the run takes."""
    folder, found = killed[0], killed[1][SHARES.index(share)]
    assert len(found) == KILLS
    assert len({tuple(files) for files in found}) >= KILLS // 3, "the moments were all the same"
    interrupted, alone = folder / f"killed{SHARES.index(share)}", folder / "undisturbed"
    for name in ("scores.parquet", "images.csv", "summary.csv", "table.md"):
        same = (interrupted / name).read_bytes() == (alone / name).read_bytes()
        assert same or name == "scores.parquet", name
    one, other = (pd.read_parquet(folder / "scores.parquet") for folder in (interrupted, alone))
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert not list(interrupted.rglob("*.part*"))
    if share:
        sizes = {
            folder: {f: f.stat().st_size for f in (folder / "cache").glob("*/*.npz")} for folder in (interrupted, alone)
        }
        numbers = sum(
            size for f, size in sizes[interrupted].items() if f.parent.name in ("features", "scores", "checks")
        )
        assert sum(sizes[interrupted].values()) <= max(share * sum(sizes[alone].values()) + 2**12, numbers)
