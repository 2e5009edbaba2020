"""What can go, and its removal."""
