#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

struct session {
    uint32_t asked, room;
};

static struct session *begin(int client)
{
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return NULL;
    session->room = 4096;
    if (recv(client, &session->asked, sizeof session->asked, MSG_WAITALL) != sizeof session->asked)
        return NULL;
    return session;
}

void *serve(int client)
{
    struct session *session = begin(client);
    if (session == NULL)
        return NULL;
    return malloc(session->room);
}
