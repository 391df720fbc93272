"""What every face calls: prepare, start, resume, cancel, look up, export. Wires the leaves to the engine."""
