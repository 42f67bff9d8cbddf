"""The demonstration: the platform's story, played through its public interfaces on real servers."""
