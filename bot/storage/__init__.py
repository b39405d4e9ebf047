"""Everything that is kept: the only home of SQL for the bot's own data."""
