"""Auth: tokens that one service signs and another one refuses."""
