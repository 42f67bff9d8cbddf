"""The portal's rules: frozen values and pure functions."""
