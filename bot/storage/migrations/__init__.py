"""Every step from an empty database to the present tables, in order. `migrate` applies them."""
