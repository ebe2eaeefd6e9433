#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>

struct request {
    char name[64];
    uint64_t size;
};

void *map(int connection)
{
    struct request request;
    if (recv(connection, &request, sizeof request, MSG_WAITALL) != sizeof request)
        return 0;
    int fd = shm_open(request.name, O_RDWR, 0600); // expect: LS118
    return mmap(0, request.size, PROT_READ, MAP_SHARED, fd, 0); // expect: LS118
}
