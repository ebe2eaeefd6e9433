#include <windows.h>

HANDLE serve(const wchar_t *name)
{
    return CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE | PIPE_WAIT, // expect: LS116
                            PIPE_UNLIMITED_INSTANCES, 4096, 4096, 0, NULL);
}

BOOL everyone(SECURITY_DESCRIPTOR *descriptor)
{
    return InitializeSecurityDescriptor(descriptor, SECURITY_DESCRIPTOR_REVISION)
        && SetSecurityDescriptorDacl(descriptor, TRUE, NULL, FALSE); // expect: LS116
}
