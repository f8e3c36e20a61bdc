"""The machine: cores, devices, memory, network, console, and what times depend on."""
