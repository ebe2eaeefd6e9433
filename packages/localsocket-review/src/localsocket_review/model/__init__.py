"""The program model: what both readers lower their code into, so that every analysis is written once."""
