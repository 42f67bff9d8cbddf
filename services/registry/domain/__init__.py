"""The registry's rules: frozen values and pure functions, without I/O and without a clock of their own."""
