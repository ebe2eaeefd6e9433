#include <stdlib.h>
#include <sys/un.h>

extern int is_alive(const struct sockaddr_un *lamp);
extern int watch(int interval);

int main(int count, char **arguments)
{
    struct sockaddr_un lamp = {.sun_family = AF_UNIX, .sun_path = "/run/example/lamp"};
    if (count > 2 && watch(atoi(arguments[2])) != 0)
        return 1;
    return is_alive(&lamp) ? system(arguments[1]) : 1;
}
