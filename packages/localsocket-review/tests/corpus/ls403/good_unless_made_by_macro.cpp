// A macro makes the functions of an extension, and their names: nothing here calls them, the runtime does.
#include <nan.h>
#include <sys/socket.h>

NAN_METHOD(Listen)
{
    const int fd = Nan::To<int32_t>(info[0]).FromJust();
    info.GetReturnValue().Set(listen(fd, 5));
}

NAN_MODULE_INIT(Init)
{
    NAN_EXPORT(target, Listen);
}
