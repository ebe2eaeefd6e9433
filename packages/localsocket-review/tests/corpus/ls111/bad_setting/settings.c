#include "settings.h"

struct settings settings;

struct option options[] = {
    {"log-level", &settings.log_level},
    {"control-path", &settings.control_path},
    {0, 0},
};
