"""Container: an image was built otherwise than its service needs it, or is run where it does not fit."""
