int transport_open(const char *name, int flags);
