"""What is traded: contract terms, symbols, permanent identity."""
