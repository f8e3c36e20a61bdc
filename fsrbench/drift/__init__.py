"""Drift of a deployed model: have its inputs or outputs moved since a reference run, on other pictures and without HR?"""
