"""What the broker is loaded with."""
