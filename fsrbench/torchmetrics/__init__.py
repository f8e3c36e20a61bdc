"""The benchmark's metrics as :class:`torchmetrics.Metric`, for training loops and several processes."""
