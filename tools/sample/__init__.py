"""Makes the built-in sample: synthetic faces drawn from a statistical model, so that they show nobody."""
