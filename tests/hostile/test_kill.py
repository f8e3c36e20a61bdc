"""Runs that are killed at random moments, from their first file to their last, end with the scores of one in peace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from made import picture_files, write_files
from made.places import ROOT

pytestmark = pytest.mark.kill

KILLS = 10
IMAGES = [f"{i // 3:02}/{i}.png" for i in range(36)]
"""Three shards of 12."""
FLAGS = ["--methods", "bicubic,ours", "--metrics", "psnr,ssim,landmark_nme,params", "--device", "cpu"]

# Forks of one process that has imported everything: only what a run does is to be interrupted
KILLER = """
import json, os, random, shutil, signal, sys, time
import fsrbench.engine.run, fsrbench.gallery.keep
from fsrbench.cli.app import app
from fsrbench.engine import plan
from fsrbench.reports.plots import draw

draw.write_plots = lambda *_: None  # longer than all the rest
plan.SHARD = 12
seed, kills, share, *flags = json.loads(sys.argv[1])

def start(out, *more):
    if (child := os.fork()) == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        app(["run", *flags, "--out", out, *more])
    return child

def ended(child):
    return os.waitpid(child, os.WNOHANG) != (0, 0)

def kept(out):
    return sorted(name for _, _, files in os.walk(out + "/cache") for name in files)

def size(out):
    return sum(os.path.getsize(os.path.join(top, name)) for top, _, names in os.walk(out + "/cache") for name in names)

os.waitpid(start("undisturbed"), 0)
limit = ["--cache-limit", f"{share * size('undisturbed') / 2**30:.15f}"] if share else []
units, moments, found, over = len(kept("undisturbed")), random.Random(seed), [], False
while len(found) < kills:
    if over or len(found) % 2:  # going on alone, most moments would be near the end
        shutil.rmtree("killed", ignore_errors=True)
    before, child, seen = set(kept("killed")), start("killed", *limit), set()
    # After so many new units and a little more: by the clock alone a slow first run would put all moments at the end
    wanted, more = moments.randint(0, units - len(before)), moments.uniform(0, 0.2)
    while not (over := ended(child)) and len(seen) < wanted:
        seen |= set(kept("killed")) - before  # under a limit they go again
        time.sleep(0.001)
    time.sleep(more)
    if not (over := over or ended(child)):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        found.append(kept("killed"))
os.waitpid(start("killed", *limit), 0)
print(json.dumps(found))
"""


@pytest.mark.skipif(os.name != "posix", reason="forks, and kills with a POSIX signal")
@pytest.mark.parametrize("share", [None, 0.6])
def test_ten_kills_at_random_moments_change_nothing(tmp_path: Path, share: float | None) -> None:
    """Without a limit of the cache, and with one of this share of what the run takes."""
    write_files(tmp_path / "data", picture_files(IMAGES))
    seed = int.from_bytes(os.urandom(4))
    settings = json.dumps([seed, KILLS, share, "--data", "data", *FLAGS])
    path = os.pathsep.join([str(ROOT), *sys.path])
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": path}
    command = [sys.executable, "-c", KILLER, settings]
    ended = subprocess.run(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True, timeout=600)
    assert ended.returncode == 0
    found = json.loads(ended.stdout)
    assert len(found) == KILLS
    print(f"seed {seed}; units kept at the kills: {[len(files) for files in found]}")
    assert len({tuple(files) for files in found}) >= KILLS // 3, "the moments were all the same"
    killed, alone = tmp_path / "killed", tmp_path / "undisturbed"
    for name in ("scores.parquet", "images.csv", "summary.csv", "table.md"):
        same = (killed / name).read_bytes() == (alone / name).read_bytes()
        assert same or name == "scores.parquet", name
    one, other = (pd.read_parquet(folder / "scores.parquet") for folder in (killed, alone))
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert not list(killed.rglob("*.part*"))
    if share:
        sizes = {
            folder: {f: f.stat().st_size for f in (folder / "cache").glob("*/*.npz")} for folder in (killed, alone)
        }
        numbers = sum(size for f, size in sizes[killed].items() if f.parent.name in ("features", "scores", "checks"))
        assert sum(sizes[killed].values()) <= max(share * sum(sizes[alone].values()) + 2**12, numbers)
