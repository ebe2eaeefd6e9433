bind = "unix:/run/notes/notes.sock"
umask = 0o077
