"""Speed of the pricing kernels, one module for each kind of work."""
