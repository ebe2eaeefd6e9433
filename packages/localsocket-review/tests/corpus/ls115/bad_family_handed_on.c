#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

static int open_socket(int family)
{
    return socket(family, SOCK_STREAM, 0); // expect: LS115
}

static int take(int listener, struct sockaddr *who, socklen_t *size)
{
    return accept(listener, who, size); // expect: LS115
}

static int next_local(int listener)
{
    struct sockaddr_un who;
    socklen_t size = sizeof who;
    return take(listener, (struct sockaddr *)&who, &size);
}

static int next_far(int listener)
{
    struct sockaddr_in6 who;
    socklen_t size = sizeof who;
    return take(listener, (struct sockaddr *)&who, &size);
}

int serve(int is_far)
{
    if (is_far)
        return next_far(open_socket(AF_INET6));
    return next_local(open_socket(AF_UNIX)) + system("true");
}
