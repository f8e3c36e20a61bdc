"""What people prefer: a page that asks them, their answers scored, and metrics held against them."""
