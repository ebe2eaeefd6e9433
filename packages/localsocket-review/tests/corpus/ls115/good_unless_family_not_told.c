#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

struct place {
    int family;
    struct sockaddr_storage where;
};

static int open_socket(const struct place *place)
{
    return socket(place->family, SOCK_DGRAM, 0);
}

static int take(int listener)
{
    struct sockaddr_storage who;
    socklen_t size = sizeof who;
    return accept(listener, (struct sockaddr *)&who, &size);
}

int is_local(const struct place *place)
{
    return place->family == AF_UNIX;
}

int is_near(const struct place *place)
{
    return place->family == AF_INET && ((const struct sockaddr_in *)&place->where)->sin_addr.s_addr == INADDR_LOOPBACK;
}

int serve(const struct place *place)
{
    return take(open_socket(place)) + system("true");
}
