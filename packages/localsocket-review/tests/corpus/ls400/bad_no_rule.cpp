#include <unistd.h>

int forget(const char *path)
{
    // localsocket: ignore nobody else is here // expect: LS400
    return unlink(path);
}
