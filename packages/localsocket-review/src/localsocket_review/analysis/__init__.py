"""What can be said about a program without running it. Every analysis is reached through `facts.Facts`."""
