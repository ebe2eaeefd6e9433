#include <unistd.h>

int forget(const char *path)
{
    return unlink(path); /* localsocket: ignore[LS106] */ // expect: LS400
}
