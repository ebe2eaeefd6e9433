#include <sys/socket.h>

int lamp_socket(void);
