"""What every service stands on: one noun, one job per module; knows no service."""
