"""Bolt listeners: each reads its payload, acknowledges at once and leaves the work to a worker."""
