"""The bot on a real homeserver, talked to by real clients: `make test-matrix`."""
