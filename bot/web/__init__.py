"""The web application: the chat page, quiz links, and what operators need."""
