#include "transport.h"

int transport_open(const char *name, int flags)
{
    return flags == 0 && name[0] == '\0' ? 0 : -1;
}
