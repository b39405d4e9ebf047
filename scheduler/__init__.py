"""What happens by the clock: campaigns, their runs, and the ledger of deliveries.

It knows nothing of the assistant: whom to reach and how to say it are asked of the host through `scheduler.ports`.
"""
