"""How often the checks of pictures raise false alarms, and how small a fault they see: tables of docs/checks.md."""
