"""The context layer: how hour, weekday, season, device or place shift what people turn to."""
