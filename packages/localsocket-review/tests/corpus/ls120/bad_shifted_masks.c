#include <sys/socket.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int encode(int fd, char *text)
{
    unsigned char data[3];
    if (recv(fd, data, sizeof data, MSG_WAITALL) != sizeof data)
        return -1;
    text[0] = letters[(data[0] & 252) >> 2];
    text[1] = letters[(data[0] << 4) | (data[1] >> 4)]; // expect: LS120
    text[2] = letters[((data[1] & 15) << 2) | ((data[2] & 192) >> 6)];
    text[3] = letters[data[2] & 63];
    return 4;
}
