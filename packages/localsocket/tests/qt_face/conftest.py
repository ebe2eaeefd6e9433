"""What is in in_child is for processes that have Qt to themselves: whoever collects all tests does not load it."""

collect_ignore = ["in_child"]
