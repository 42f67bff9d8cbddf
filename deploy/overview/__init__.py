"""How the whole platform is: one look at every service and the broker."""
