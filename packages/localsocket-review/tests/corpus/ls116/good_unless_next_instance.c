#include <windows.h>

struct desk {
    const wchar_t *name;
    SECURITY_ATTRIBUTES *own;
    HANDLE waiting;
};

static HANDLE instance(struct desk *desk, DWORD more)
{
    return CreateNamedPipeW(desk->name, PIPE_ACCESS_INBOUND | more, PIPE_TYPE_MESSAGE | PIPE_REJECT_REMOTE_CLIENTS,
                            8, 512, 512, 0, desk->own);
}

BOOL begin(struct desk *desk)
{
    desk->waiting = instance(desk, FILE_FLAG_FIRST_PIPE_INSTANCE);
    return desk->waiting != INVALID_HANDLE_VALUE;
}

HANDLE next(struct desk *desk)
{
    HANDLE taken = desk->waiting;
    desk->waiting = instance(desk, 0);
    return taken;
}

void two(const wchar_t *path, SECURITY_ATTRIBUTES *own)
{
    DWORD kind = PIPE_TYPE_BYTE | PIPE_REJECT_REMOTE_CLIENTS;
    HANDLE one = CreateNamedPipeW(path, PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE, kind, 2, 512, 512, 0, own);
    if (one == INVALID_HANDLE_VALUE)
        return;
    HANDLE other = CreateNamedPipeW(path, PIPE_ACCESS_DUPLEX, kind, 2, 512, 512, 0, own);
    CloseHandle(other);
    CloseHandle(one);
}
