#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

char *next_message(int listener)
{
    int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    uint32_t size;
    if (read(peer, &size, sizeof size) != sizeof size) {
        close(peer);
        return NULL;
    }
    close(peer);
    return malloc(size); // expect: LS110
}
