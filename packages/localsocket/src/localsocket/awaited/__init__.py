"""What asyncio and Trio share: calls that are awaited, whichever loop makes them wait. It knows no loop."""
