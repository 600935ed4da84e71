"""The team's own scripts: what stops a deploy command, and where it says too little."""
