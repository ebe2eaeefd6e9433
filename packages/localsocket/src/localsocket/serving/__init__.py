"""Servers on threads of their own, for the handlers of every face."""
