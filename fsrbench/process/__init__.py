"""Global state of the process: read, restored, and protected from the code of methods and metrics."""
