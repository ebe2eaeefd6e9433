/* A helper reads all there is, from files and from sockets: only those of files name one. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char *read_all(int fd, size_t *size)
{
    char part[4096];
    char *whole = NULL;
    ssize_t count;
    while ((count = read(fd, part, sizeof part)) > 0) {
        char *longer = realloc(whole, *size + (size_t)count + 1);
        if (longer == NULL)
            break;
        whole = longer;
        memcpy(whole + *size, part, (size_t)count);
        *size += (size_t)count;
        whole[*size] = '\0';
    }
    return whole;
}

static char *name_in(const char *file)
{
    size_t size = 0;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    char *name = read_all(fd, &size);
    close(fd);
    return name;
}

void forget_what_is_noted(const char *file)
{
    char *name = name_in(file);
    if (name != NULL)
        unlink(name);
    free(name);
}

void show_what_is_sent(int server)
{
    size_t size = 0;
    int client = accept4(server, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0)
        return;
    char *name = read_all(client, &size);
    close(client);
    if (name != NULL)
        write(STDOUT_FILENO, name, size);
    free(name);
}
