"""The kinds of question: what is computed from a sample, what the answer's labels are, what it discloses."""
