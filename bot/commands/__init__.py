"""The staff's and the operator's commands, one file for each group."""
