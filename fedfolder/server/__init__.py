"""The server's side: a study, its fits, and who owes what. It never reads data."""
