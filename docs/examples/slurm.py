"""Run on the workers of Slurm jobs; `pip install dask-jobqueue` beside fsrbench.

Set the constants to your cluster's, then `sbatch --cpus-per-task=4 --mem=16G --time=24:00:00 --wrap "python slurm.py"`.
DATA and OUT must be on a file system that all nodes share. After a kill or a timeout the same call continues.
"""

from __future__ import annotations

import subprocess

import dask
from dask_jobqueue import SLURMCluster

JOBS = 10
"""Slurm jobs."""
WORKERS = 8
"""Workers per job, each with its share of the job's cores. With GPUs: 1, which uses the job's GPU."""
SLURM = {
    "cores": 16,
    "processes": WORKERS,
    "memory": "64GB",
    "walltime": "24:00:00",
    "job_extra_directives": [],  # such as "--partition=gpu", "--gres=gpu:1"
    "log_directory": "slurm-logs",
}
DATA, OUT = "/shared/faces.zip", "/shared/runs/faces"
COMMAND = "fsrbench run --methods bicubic,scgan,ours --data {data} --out {out} --scheduler {scheduler}"


def main() -> int:
    """Start the jobs, run, and end the jobs; return the exit code of ``fsrbench run``."""
    # Dask would cancel the Slurm job of a worker that takes more than 15 s to restart
    patient = dask.config.set({"distributed.deploy.lost-worker-timeout": "1 hour"})
    with patient, SLURMCluster(**SLURM) as cluster:
        cluster.scale(jobs=JOBS)
        print(f"scheduler: {cluster.scheduler_address}", flush=True)
        cluster.wait_for_workers(1)
        command = COMMAND.format(data=DATA, out=OUT, scheduler=cluster.scheduler_address)
        return subprocess.run(command.split(), check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
