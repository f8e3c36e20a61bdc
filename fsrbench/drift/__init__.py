"""Drift of a deployed model: have inputs or outputs moved since a reference run, on other pictures, without HR?"""
