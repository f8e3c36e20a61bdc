"""Makes the built-in sample: synthetic faces drawn from a statistical model, which show no real person."""
