"""What counts as a call: signatures, the judging of a call as things stood at its time, quarters."""
