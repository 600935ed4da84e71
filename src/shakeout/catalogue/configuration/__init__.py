"""Configuration: a variable is not set, or its value is not what the program takes."""
