#include <QLocalServer>
#include <QTemporaryDir>
#include <cstdio>
#include <cstdlib>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool serve(QLocalServer &server, const QTemporaryDir &directory)
{
    return server.listen(directory.filePath("control"));
}

int serveToo()
{
    char directory[] = "/tmp/control-XXXXXX";
    if (!mkdtemp(directory))
        return -1;
    sockaddr_un address{};
    std::snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", directory);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}
