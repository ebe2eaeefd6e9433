#include <winsock2.h>

SOCKET next(SOCKET listening)
{
    return accept(listening, NULL, NULL);
}
