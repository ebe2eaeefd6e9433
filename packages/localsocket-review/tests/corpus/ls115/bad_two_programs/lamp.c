#include "lamp.h"

int lamp_socket(void)
{
    return socket(AF_UNIX, SOCK_SEQPACKET, 0); // expect: LS115
}
