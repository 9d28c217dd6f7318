"""What a fit asks, in which order, and what follows from the answers: one program for server, node and simulation."""
