"""What a platform or a server in front of the application says about it, which follows from something else."""
