#include <sqlite3.h>
#include <sys/socket.h>

int note(int fd, sqlite3 *db)
{
    char who[64];
    ssize_t size = recv(fd, who, sizeof who - 1, MSG_WAITALL);
    if (size <= 0)
        return -1;
    who[size] = '\0';
    char *query = sqlite3_mprintf("INSERT INTO seen(who, at) VALUES (%Q, %d)", who, 1);
    int result = sqlite3_exec(db, query, 0, 0, 0);
    sqlite3_free(query);
    return result;
}
