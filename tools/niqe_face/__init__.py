"""Fits the pristine model of ``niqe_face``."""
