"""fsrbench: a benchmark for face super-resolution that a reviewer can trust."""

import random
from typing import TYPE_CHECKING, Any

import lazy_loader

if TYPE_CHECKING:
    from fsrbench.api import evaluate as evaluate
    from fsrbench.datasets.base import Dataset as Dataset
    from fsrbench.datasets.base import Picture as Picture
    from fsrbench.datasets.base import Sample as Sample
    from fsrbench.degradations.recipes import Degradation as Degradation
    from fsrbench.methods.base import Method as Method
    from fsrbench.methods.restorer import Restorer as Restorer
    from fsrbench.metrics.base import Evaluation as Evaluation
    from fsrbench.metrics.base import Faces as Faces
    from fsrbench.metrics.base import Facts as Facts
    from fsrbench.metrics.base import FeatureMetric as FeatureMetric
    from fsrbench.metrics.base import ImageMetric as ImageMetric
    from fsrbench.metrics.base import Metric as Metric
    from fsrbench.metrics.base import SpeedMetric as SpeedMetric
    from fsrbench.metrics.base import Summary as Summary
    from fsrbench.metrics.extractors.base import Extractor as Extractor
    from fsrbench.provenance.versions import __version__ as __version__
    from fsrbench.runs.data import RunData as RunData
    from fsrbench.tasks import Task as Task
    from fsrbench.training.recipe import Recipe as Recipe

# Imported when they are asked for: torch takes seconds.
_get, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "api": ["evaluate"],
        "datasets.base": ["Dataset", "Picture", "Sample"],
        "degradations.recipes": ["Degradation"],
        "methods.base": ["Method"],
        "methods.restorer": ["Restorer"],
        "metrics.base": [
            "Evaluation",
            "Faces",
            "Facts",
            "FeatureMetric",
            "ImageMetric",
            "Metric",
            "SpeedMetric",
            "Summary",
        ],
        "metrics.extractors.base": ["Extractor"],
        "provenance.versions": ["__version__"],
        "runs.data": ["RunData"],
        "tasks": ["Task"],
        "training.recipe": ["Recipe"],
    },
)


def __getattr__(name: str) -> Any:
    state = random.getstate()  # rich draws numbers while it is imported
    try:
        return _get(name)
    finally:
        random.setstate(state)
