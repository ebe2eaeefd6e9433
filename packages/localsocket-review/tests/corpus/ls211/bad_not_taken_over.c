#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

int first_byte(const char *path)
{
    int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    FILE *stream = fdopen(fd, "r");
    if (stream == NULL)
        return -1; // expect: LS211
    int byte = fgetc(stream);
    fclose(stream);
    return byte;
}

FILE *lines_of(const char *path)
{
    int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    return fdopen(fd, "r"); // expect: LS211
}

bool is_alone(const char *path)
{
    int fd = openat(AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return false; // expect: LS211
    return true;
}
