"""How the platform is set up and started: servers, users, rights and processes."""
