"""The REST API: what each call checks, answers and changes."""
