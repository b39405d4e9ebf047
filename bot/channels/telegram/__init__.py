"""Telegram: the Bot API in, the Bot API out. The only home of the library `telegram`."""
