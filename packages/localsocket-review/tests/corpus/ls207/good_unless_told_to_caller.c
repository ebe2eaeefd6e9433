/* How much was sent is what the caller is told: in Python's dress, or as it is. */
#include <Python.h>
#include <sys/socket.h>

PyObject *send_some(PyObject *self, PyObject *arguments)
{
    (void)self;
    int fd;
    const char *data;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(arguments, "iy#", &fd, &data, &size))
        return NULL;
    ssize_t sent = send(fd, data, (size_t)size, 0);
    if (sent < 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    return PyLong_FromSsize_t(sent);
}

ssize_t send_or_nothing(int fd, const char *data, size_t size)
{
    ssize_t sent = send(fd, data, size, 0);
    return sent < 0 ? 0 : sent;
}
