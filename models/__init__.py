"""What scoring shares with training: spec, network, preprocessing, calibration, files, registry."""
