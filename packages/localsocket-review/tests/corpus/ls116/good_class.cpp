#include <windows.h>

class Pipe
{
public:
    bool open(LPCSTR name)
    {
        const DWORD access = PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE;
        m_handle = ::CreateNamedPipeA(name, access, kMode, 1, 512, 512, 0, &m_attributes);
        return m_handle != INVALID_HANDLE_VALUE;
    }

private:
    static constexpr DWORD kMode = PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_REJECT_REMOTE_CLIENTS;
    SECURITY_ATTRIBUTES m_attributes{};
    HANDLE m_handle = INVALID_HANDLE_VALUE;
};
