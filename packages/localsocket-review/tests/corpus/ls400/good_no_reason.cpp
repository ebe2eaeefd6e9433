#include <unistd.h>

int forget(const char *path)
{
    return unlink(path); // localsocket: ignore[LS106] only this program makes such files
}
