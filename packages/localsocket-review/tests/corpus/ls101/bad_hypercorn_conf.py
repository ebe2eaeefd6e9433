bind = "unix:/run/notes/notes.sock"  # expect: LS101
umask = 0o000
