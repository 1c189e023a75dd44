"""Values and outside text as people see them."""
