#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

static int open_socket(int family)
{
    return socket(family, SOCK_STREAM, 0);
}

static int take(int listener, struct sockaddr *who, socklen_t *size)
{
    return accept(listener, who, size);
}

static int next_far(int listener)
{
    struct sockaddr_in6 who;
    socklen_t size = sizeof who;
    return take(listener, (struct sockaddr *)&who, &size);
}

static int local(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

int serve(int is_far)
{
    return is_far ? next_far(open_socket(AF_INET6)) : local() + system("true");
}
