"""What good content keeps to, a rule a module; each yields what breaks it. `check` asks them all."""
