"""Heston's stochastic volatility: characteristic function, European prices, calibration."""
