import multiprocessing

bind = ["unix:/run/notes/notes.sock", "127.0.0.1:8000"]
umask = 0o077
workers = multiprocessing.cpu_count()
