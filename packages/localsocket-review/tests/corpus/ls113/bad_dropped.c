#include <sys/socket.h>
#include <unistd.h>

int admit(int fd)
{
    struct ucred credentials = {0};
    socklen_t size = sizeof credentials;
    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size); // expect: LS113
    return credentials.uid == getuid();
}

int admit_bsd(int fd)
{
    uid_t uid = 0;
    gid_t gid = 0;
    (void)getpeereid(fd, &uid, &gid); // expect: LS113
    return uid == getuid();
}
