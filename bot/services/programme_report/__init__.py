"""The programme report: a year's evidence of effect, in tables that hide whoever could be recognised in them.

`counting` makes a Report out of the database, `reading` puts it into words, `paper` and `files` write it down.
"""
