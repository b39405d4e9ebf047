"""Quizzes for other programs and from them: GIFT and Moodle XML, tables, Anki decks.

A quiz goes out through a format's `write`; a file comes in through its `read` as a draft, which becomes a content file.
"""
