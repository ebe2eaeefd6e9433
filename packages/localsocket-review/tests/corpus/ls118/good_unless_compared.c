#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define MAXIMUM 1048576

struct request {
    char name[64];
    uint64_t size;
};

void *map(int connection)
{
    struct request request;
    if (recv(connection, &request, sizeof request, MSG_WAITALL) != sizeof request || request.size > MAXIMUM)
        return 0; // guard
    int fd = shm_open("/frames", O_RDWR, 0600); // guard
    return mmap(0, request.size, PROT_READ, MAP_SHARED, fd, 0);
}
