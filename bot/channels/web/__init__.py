"""The browser channel: a session without an account, and screens as HTML fragments."""
