"""What the portal itself does: beginning, keeping and ending browser sessions."""
