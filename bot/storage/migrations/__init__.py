"""Every step from an empty database to the present tables. None leads down again: the way back is a backup."""
