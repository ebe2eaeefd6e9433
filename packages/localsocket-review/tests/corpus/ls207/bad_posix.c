#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
    uint32_t kind;
    uint32_t size;
};

int serve(int listener)
{
    struct request request;
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0)
        return -1;
    if (read(client, &request, sizeof(request)) <= 0) { // expect: LS207
        close(client);
        return -1;
    }
    const char *answer = request.kind == 1 ? "yes\n" : "no\n";
    write(client, answer, strlen(answer)); // expect: LS207
    close(client);
    return 0;
}

int ask(int fd, const char *question, struct request *answer)
{
    (void)send(fd, question, strlen(question), MSG_NOSIGNAL); // expect: LS207
    recv(fd, answer, sizeof *answer, 0); // expect: LS207
    return 0;
}
