#include <windows.h>

HANDLE serve(const wchar_t *name, SECURITY_ATTRIBUTES *only_this_user)
{
    return CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE,
                            PIPE_TYPE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS,
                            PIPE_UNLIMITED_INSTANCES, 4096, 4096, 0, only_this_user);
}

BOOL only(SECURITY_DESCRIPTOR *descriptor, PACL list)
{
    return InitializeSecurityDescriptor(descriptor, SECURITY_DESCRIPTOR_REVISION)
        && SetSecurityDescriptorDacl(descriptor, TRUE, list, FALSE);
}
