"""The HTTP interface under `/api/v1`, for the city's own programs: campaigns, workshops, totals, content."""
