"""The team's own scripts: running one, and reading what it says of the services that it deploys."""
