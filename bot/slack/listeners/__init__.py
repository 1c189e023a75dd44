"""Bolt listeners: each reads its payload, acknowledges at once, and submits the work to a worker."""
