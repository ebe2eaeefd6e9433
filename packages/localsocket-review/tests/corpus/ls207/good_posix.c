#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
    uint32_t kind;
    uint32_t size;
};

static int write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent < 0)
            return -1;
        data += sent;
        size -= (size_t)sent;
    }
    return 0;
}

int serve(int listener)
{
    struct request request;
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0)
        return -1;
    if (read(client, &request, sizeof(request)) != sizeof(request)) {
        close(client);
        return -1;
    }
    const char *answer = request.kind == 1 ? "yes\n" : "no\n";
    int failed = write_all(client, answer, strlen(answer));
    close(client);
    return failed;
}

int ask(int fd, const char *question, struct request *answer)
{
    if (write_all(fd, question, strlen(question)) < 0)
        return -1;
    ssize_t count = recv(fd, answer, sizeof *answer, MSG_WAITALL);
    return count == (ssize_t)sizeof *answer ? 0 : -1;
}
