#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

char *take(int fd)
{
    uint32_t size;

    if (recv(fd, &size, sizeof(size), MSG_WAITALL) != sizeof(size))
        return NULL;
    assert(size < 65536); /* expect: LS123 */
    return malloc(size); /* expect: LS110 */
}
