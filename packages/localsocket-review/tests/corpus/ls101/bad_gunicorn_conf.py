import multiprocessing

bind = ["unix:/run/notes/notes.sock", "127.0.0.1:8000"]  # expect: LS101
workers = multiprocessing.cpu_count()
