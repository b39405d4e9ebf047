"""Bezpieczny Kraków: the assistant that teaches a city's residents to stay safe."""
