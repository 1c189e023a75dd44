"""Slack messages: pure functions from results, errors and audit entries to blocks.

`render_…` functions and notices return whole messages, `show_…` functions the blocks of one.
"""
