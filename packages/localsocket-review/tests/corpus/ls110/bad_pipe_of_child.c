#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READING, WRITING };

struct worker {
    int answers;
    int requests;
};

static char *answer_of(struct worker *worker)
{
    uint32_t size;
    if (read(worker->answers, &size, sizeof size) != sizeof size)
        return NULL;
    return malloc(size); /* expect: LS110 */
}

char *asked_of_child(struct worker *worker)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return NULL;
    worker->answers = ends[0];
    worker->requests = ends[1];
    return answer_of(worker);
}

char *measured(void)
{
    int ends[2];
    uint32_t size;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return NULL;
    close(ends[WRITING]);
    int got = read(ends[READING], &size, sizeof size);
    close(ends[READING]);
    if (got != sizeof size)
        return NULL;
    return malloc(size); /* expect: LS110 */
}

static int start_child(int *requests, int *answers)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    *answers = ends[READING];
    *requests = ends[WRITING];
    return 0;
}

char *asked_of_started(void)
{
    int requests, answers;
    uint32_t size;
    if (start_child(&requests, &answers) != 0)
        return NULL;
    int got = read(answers, &size, sizeof size);
    close(answers);
    close(requests);
    if (got != sizeof size)
        return NULL;
    return malloc(size); /* expect: LS110 */
}
