#include <windows.h>

void two(const wchar_t *orders, const wchar_t *answers, SECURITY_ATTRIBUTES *own)
{
    DWORD kind = PIPE_TYPE_BYTE | PIPE_REJECT_REMOTE_CLIENTS;
    HANDLE one = CreateNamedPipeW(orders, PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE, kind, 1, 512, 512, 0, own);
    HANDLE other = CreateNamedPipeW(answers, PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE, kind, 1, 512, 512, 0, own);
    CloseHandle(other);
    CloseHandle(one);
}
