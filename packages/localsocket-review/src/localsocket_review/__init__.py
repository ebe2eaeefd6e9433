"""The reviewer: a truthful review of code that uses local sockets, in Python, C and C++."""
