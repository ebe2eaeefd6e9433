#include <errno.h>
#include <sys/socket.h>
#include <time.h>

void pause_for(long milliseconds)
{
    struct timespec wanted = { milliseconds / 1000, milliseconds % 1000 * 1000000 };
    struct timespec left = { 0, 0 };
    while (nanosleep(&wanted, &left) < 0 && errno == EINTR)
        wanted = left;
}
