"""What each part of the reference model's training gives: four trainings that differ in one setting, one table."""
