"""What is global in a process: read, restored, and kept from the code of methods and metrics."""
