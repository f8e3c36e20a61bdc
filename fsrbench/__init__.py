"""fsrbench: a benchmark for face super-resolution that a reviewer can trust."""

__version__ = "0.1.0"
