"""The auth service: accounts, sign-in, short-lived tokens with rotation and revocation."""
