"""What a connected socket and a listening server are, and all they can do without waiting; the faces wait."""
