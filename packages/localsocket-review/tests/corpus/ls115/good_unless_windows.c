#include "internal.h"

static SOCKET open_socket(int family)
{
    SOCKET made = socket(family, SOCK_STREAM, 0);
    if (made == INVALID_SOCKET)
        fail("socket", WSAGetLastError());
    return made;
}

int main(int count, char **arguments)
{
    if (count < 2 || open_socket(1) == INVALID_SOCKET)
        return 1;
    return system(arguments[1]);
}
