"""Ablations of the reference model's training: four trainings that differ in one setting, one table."""
