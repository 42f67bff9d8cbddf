"""The story, chapter by chapter: each plays its part of it and checks what must come of it."""
