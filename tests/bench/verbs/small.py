"""Settings so small that supernets of S1 on digits train in seconds."""

SMALL = "image_size=8 in_channels=1 width=0.1 depth=0.1 epochs=2 batch_size=100 crop_padding=1"
DIGITS = ["--data-set", "digits", "--set", *f"{SMALL} cutout=0 flip=false lr=0.1".split()]
SCORING = ["calibration_images=100", "num_score_images=100"]
ARCHITECTURE = "e3k35-e6k7-e3k3-e3k59-e6k9"
BUDGET = ["--evaluations", "12", "--population", "4", "--seeds", "2"]

CHANGES = {
    "image_size": 8,
    "in_channels": 1,
    "width": 0.1,
    "depth": 0.1,
    "epochs": 1,
    "num_train_images": 0,
    "batch_size": 100,
    "crop_padding": 1,
    "cutout": 0,
    "flip": False,
}
"""The same from Python, for one epoch."""

SCORED = {"calibration_images": 100, "num_score_images": 100}
