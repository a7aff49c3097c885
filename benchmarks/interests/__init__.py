"""Is what profiles say true? Forecasts, calibration, and what is known of the simulated world."""
