"""American options on lattices: binomial trees and grids, eight options at a time."""
