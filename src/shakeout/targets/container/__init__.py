"""The target `container`: services as containers of this machine's Docker or Podman."""
