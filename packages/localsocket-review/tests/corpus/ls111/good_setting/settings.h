struct settings {
    char *log_level;
    char *control_path;
};
struct option {
    const char *name;
    char **value;
};
extern struct settings settings;
