"""What the project needs to make itself: lock, samples, checks, measurements. Not shipped."""
