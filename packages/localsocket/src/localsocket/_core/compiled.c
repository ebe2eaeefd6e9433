/* The hot path of bytes in C. in_python.py has a twin of each function that is exported here, and says what it does.
 *
 * Nothing here owns a descriptor, a buffer or a lock: the objects above do, and what is not the short way is left to
 * their methods. So this file has no limits to keep and no state.
 *
 * The interpreter's lock is held throughout, save for sending much. A call that does not wait is over sooner than the
 * lock is given away and taken again, and so nothing can come between looking and doing: where a comment in Python says
 * that another thread may have been quicker, here none can. A signal's handler runs in none of these functions either,
 * but only in the methods they call. */
#include "core.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/types.h>

#ifdef MSG_NOSIGNAL
#define SEND_FLAGS MSG_NOSIGNAL
#else
#define SEND_FLAGS 0
#endif

enum {
    READABLE = 1, /* as in poller.py; EPOLLIN */
    /* So much is received into one buffer and copied, which costs less than making a buffer as large as may be needed. */
    RECEIVED_FIRST = 16 * 1024,
    /* More than this is copied without the interpreter's lock: others go on meanwhile. With a server thread in the process
     * 10 kB took 1.4 times as long with the lock, and 100 B 1.2 times as long without it. */
    COPIED_WITH_LOCK_AT_MOST = 4 * 1024,
};

/* Names, looked up in every call. */
static struct {
    PyObject *acquire, *break_off, *fileno, *fresh, *is_writable, *lock, *lose, *needs_care, *on_end, *on_events_with_care,
        *on_handler_error, *on_read_failure, *on_sent, *queue_rest, *ready_read, *receive_size, *recv, *release, *send, *size,
        *unsent, *write_nowait_in_python, *read_available_in_python;
} name;

static PyObject *send_flags, *sending;

/* --- attributes and calls ------------------------------------------------------------------------------------------ */

/* Py_RETURN_NONE of newer headers counts no reference, since None is immortal there; under 3.11 it is not. */
PyObject *none(void)
{
    Py_INCREF(Py_None);
    return Py_None;
}

/* 1 where the attribute is `wanted` itself, 0 where not, -1 with an exception. */
static int is_attribute(PyObject *self, PyObject *attribute, PyObject *wanted)
{
    PyObject *found = PyObject_GetAttr(self, attribute);
    if (found == NULL)
        return -1;
    Py_DECREF(found);
    return found == wanted;
}

/* Calls the method named, with the exception that is set as its only argument; nothing is set while it runs. */
static PyObject *tell_exception(PyObject *self, PyObject *method)
{
    PyObject *type, *error, *trace;
    PyErr_Fetch(&type, &error, &trace);
    PyErr_NormalizeException(&type, &error, &trace);
    if (trace != NULL)
        PyException_SetTraceback(error, trace);
    PyObject *result = PyObject_CallMethodObjArgs(self, method, error, NULL);
    Py_XDECREF(type);
    Py_XDECREF(error);
    Py_XDECREF(trace);
    return result;
}

/* Calls the method named, while the exception that is set stays to be raised, unless the method raises another. */
static void see_to_exception(PyObject *self, PyObject *method, PyObject *argument)
{
    PyObject *type, *error, *trace;
    PyErr_Fetch(&type, &error, &trace);
    PyObject *result = PyObject_CallMethodObjArgs(self, method, argument, NULL);
    if (result == NULL) {
        Py_XDECREF(type);
        Py_XDECREF(error);
        Py_XDECREF(trace);
        return;
    }
    Py_DECREF(result);
    PyErr_Restore(type, error, trace);
}

/* Calls the method as it stands in Python, with the arguments it was called with. */
PyObject *call_in_python(
    PyObject *self, PyObject *method, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    PyObject *result = NULL, *named = NULL, *positional = PyTuple_New(count);
    PyObject *function = PyObject_GetAttr(self, method);
    if (positional == NULL || function == NULL)
        goto done;
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_INCREF(arguments[i]);
        if (PyTuple_SetItem(positional, i, arguments[i]) < 0)
            goto done;
    }
    if (keywords != NULL) {
        if ((named = PyDict_New()) == NULL)
            goto done;
        for (Py_ssize_t i = 0; i < PyTuple_Size(keywords); i++)
            if (PyDict_SetItem(named, PyTuple_GetItem(keywords, i), arguments[count + i]) < 0)
                goto done;
    }
    result = PyObject_Call(function, positional, named);
done:
    Py_XDECREF(function);
    Py_XDECREF(positional);
    Py_XDECREF(named);
    return result;
}

/* --- receiving and sending ------------------------------------------------------------------------------------------ */

/* The descriptor, or -1 with an exception. Asked each time, for once a socket is closed the number may be another file's. */
static int descriptor_of(PyObject *sock)
{
    PyObject *number = PyObject_CallMethodObjArgs(sock, name.fileno, NULL);
    if (number == NULL)
        return -1;
    long descriptor = PyLong_AsLong(number);
    Py_DECREF(number);
    if (descriptor < 0) {
        if (!PyErr_Occurred()) {
            errno = EBADF;
            PyErr_SetFromErrno(PyExc_OSError);
        }
        return -1;
    }
    return (int)descriptor;
}

static ssize_t receive_into(int descriptor, char *buffer, size_t size)
{
    ssize_t received;
    do
        received = recv(descriptor, buffer, size, MSG_DONTWAIT);
    while (received < 0 && errno == EINTR);
    return received;
}

/* Returns the bytes of `first`, and `count` more that have arrived, which are received where they stay. */
static PyObject *receive_rest(int descriptor, const char *first, Py_ssize_t first_count, Py_ssize_t count)
{
    PyObject *whole = PyBytes_FromStringAndSize(NULL, first_count + count);
    if (whole == NULL)
        return NULL;
    char *bytes = PyBytes_AsString(whole);
    memcpy(bytes, first, (size_t)first_count);
    PyThreadState *others = count > COPIED_WITH_LOCK_AT_MOST ? PyEval_SaveThread() : NULL;
    ssize_t received = receive_into(descriptor, bytes + first_count, (size_t)count);
    if (others != NULL)
        PyEval_RestoreThread(others);
    if (received == count)
        return whole;
    /* Another process reads the same connection. An end or a fault that is here now is still here the next time. */
    PyObject *part = PyBytes_FromStringAndSize(bytes, first_count + (received > 0 ? received : 0));
    Py_DECREF(whole);
    return part;
}

static PyObject *receive(PyObject *sock, PyObject *size)
{
    static char buffer[RECEIVED_FIRST]; /* the interpreter's lock guards it */
    Py_ssize_t wanted = PyLong_AsSsize_t(size);
    if (wanted < 0) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "the number of bytes to receive is negative");
        return NULL;
    }
    int descriptor = descriptor_of(sock);
    if (descriptor < 0)
        return NULL;
    Py_ssize_t first = wanted < RECEIVED_FIRST ? wanted : RECEIVED_FIRST;
    ssize_t received = receive_into(descriptor, buffer, (size_t)first);
    if (received < 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    int left = 0;
    if (received == RECEIVED_FIRST && wanted > received && ioctl(descriptor, FIONREAD, &left) == 0 && left > 0)
        return receive_rest(descriptor, buffer, received, left < wanted - received ? left : wanted - received);
    return PyBytes_FromStringAndSize(buffer, received);
}

static PyObject *send_some(PyObject *sock, PyObject *const *arguments, Py_ssize_t count)
{
    if (count < 1 || count > 2) {
        PyErr_SetString(PyExc_TypeError, "send() takes the bytes, and flags");
        return NULL;
    }
    long flags = count == 2 ? PyLong_AsLong(arguments[1]) : 0;
    if (flags == -1 && PyErr_Occurred())
        return NULL;
    Py_buffer data;
    if (PyObject_GetBuffer(arguments[0], &data, PyBUF_SIMPLE) < 0)
        return NULL;
    int descriptor = descriptor_of(sock);
    if (descriptor < 0) {
        PyBuffer_Release(&data);
        return NULL;
    }
    PyThreadState *others = data.len > COPIED_WITH_LOCK_AT_MOST ? PyEval_SaveThread() : NULL;
    ssize_t sent;
    int failure = 0;
    do
        // localsocket: ignore[LS207] the count is returned, as by the system call
        sent = send(descriptor, data.buf, (size_t)data.len, (int)flags | MSG_DONTWAIT);
    while (sent < 0 && (failure = errno) == EINTR);
    if (others != NULL)
        PyEval_RestoreThread(others);
    PyBuffer_Release(&data);
    if (sent < 0) {
        errno = failure;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    return PyLong_FromSsize_t(sent);
}

static PyMethodDef receive_definition = {"recv", receive, METH_O, NULL};
static PyMethodDef send_definition = {"send", (PyCFunction)(void (*)(void))send_some, METH_FASTCALL, NULL};

static PyObject *receiver(PyObject *Py_UNUSED(module), PyObject *sock)
{
    return PyCFunction_New(&receive_definition, sock);
}

static PyObject *sender(PyObject *Py_UNUSED(module), PyObject *sock)
{
    return PyCFunction_New(&send_definition, sock);
}

/* --- one turn of a loop --------------------------------------------------------------------------------------------- */

static PyObject *see_to(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "see_to() takes what is ready, and the targets");
        return NULL;
    }
    PyObject *ready = arguments[0], *targets = arguments[1], *event;
    while ((event = PyIter_Next(ready)) != NULL) {
        PyObject *descriptor = PyTuple_GetItem(event, 0), *mask = PyTuple_GetItem(event, 1); /* borrowed */
        PyObject *on_events = mask == NULL ? NULL : PyDict_GetItemWithError(targets, descriptor);
        PyObject *result = NULL;
        if (on_events != NULL) {
            Py_INCREF(on_events); /* being told, it may be taken out */
            result = PyObject_CallFunctionObjArgs(on_events, mask, NULL);
            Py_DECREF(on_events);
        }
        Py_DECREF(event);
        Py_XDECREF(result);
        if (result == NULL && PyErr_Occurred())
            return NULL;
    }
    if (PyErr_Occurred())
        return NULL;
    return none();
}

/* --- the short ways of a socket ------------------------------------------------------------------------------------- */

/* Returns 1 where all of `data` was written, 0 where nothing was done, -1 with an exception. The lock is held. */
static int write_all(PyObject *self, PyObject *data)
{
    int answer = is_attribute(self, name.is_writable, Py_True);
    if (answer == 1)
        answer = is_attribute(self, name.on_sent, Py_None);
    if (answer != 1)
        return answer;
    PyObject *unsent = PyObject_GetAttr(self, name.unsent);
    PyObject *size = unsent == NULL ? NULL : PyObject_GetAttr(unsent, name.size);
    Py_XDECREF(unsent);
    int waits = size == NULL ? -1 : PyObject_IsTrue(size);
    Py_XDECREF(size);
    if (waits)
        return waits < 0 ? -1 : 0;

    PyObject *send_it = PyObject_GetAttr(self, name.send);
    PyObject *taken = send_it == NULL ? NULL : PyObject_CallFunctionObjArgs(send_it, data, send_flags, NULL);
    Py_XDECREF(send_it);
    if (taken == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_OSError))
            return -1;
        PyErr_Clear(); /* nothing was sent: it is tried again where that is told */
        return 0;
    }
    Py_ssize_t sent = PyLong_AsSsize_t(taken);
    if (sent != PyBytes_Size(data)) {
        PyObject *queued = PyErr_Occurred() ? NULL : PyObject_CallMethodObjArgs(self, name.queue_rest, data, taken, NULL);
        if (queued == NULL)
            see_to_exception(self, name.break_off, sending); /* the peer has a part, and nobody the rest */
        Py_XDECREF(queued);
        Py_DECREF(taken);
        return queued == NULL ? -1 : 1;
    }
    Py_DECREF(taken);
    return 1;
}

static PyObject *write_nowait(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    if (count == 1 && keywords == NULL && PyBytes_CheckExact(arguments[0])) {
        PyObject *lock = PyObject_GetAttr(self, name.lock);
        /* Another thread that has it may be between sending a part and queueing the rest: wait for it in Python. */
        PyObject *is_mine = lock == NULL ? NULL : PyObject_CallMethodObjArgs(lock, name.acquire, Py_False, NULL);
        if (is_mine == NULL) {
            Py_XDECREF(lock);
            return NULL;
        }
        int written = 0;
        if (is_mine == Py_True) {
            written = write_all(self, arguments[0]);
            if (written < 0)
                see_to_exception(lock, name.release, NULL);
            else {
                PyObject *released = PyObject_CallMethodObjArgs(lock, name.release, NULL);
                if (released == NULL)
                    written = -1;
                Py_XDECREF(released);
            }
        }
        Py_DECREF(is_mine);
        Py_DECREF(lock);
        if (written < 0)
            return NULL;
        if (written)
            return none();
    }
    return call_in_python(self, name.write_nowait_in_python, arguments, count, keywords);
}

static PyObject *read_available(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    /* Without the lock: care is asked for before what is fresh is taken, and nobody comes between the two steps here. */
    if (count == 0 && keywords == NULL) {
        PyObject *fresh = PyObject_GetAttr(self, name.fresh);
        if (fresh == NULL)
            return NULL;
        if (fresh != Py_None) {
            int is_simple = is_attribute(self, name.needs_care, Py_False);
            if (is_simple == 1 && PyObject_SetAttr(self, name.fresh, Py_None) == 0)
                return fresh;
            if (is_simple != 0) {
                Py_DECREF(fresh);
                return NULL;
            }
        }
        Py_DECREF(fresh);
    }
    return call_in_python(self, name.read_available_in_python, arguments, count, keywords);
}

static PyObject *take_in(PyObject *self, PyObject *chunk)
{
    if (PyObject_SetAttr(self, name.fresh, chunk) < 0)
        return NULL;
    PyObject *ready_read = PyObject_GetAttr(self, name.ready_read);
    if (ready_read == NULL)
        return NULL;
    PyObject *result = PyObject_CallFunctionObjArgs(ready_read, self, NULL);
    Py_DECREF(ready_read);
    if (result == NULL && PyErr_ExceptionMatches(PyExc_Exception))
        return tell_exception(self, name.on_handler_error);
    return result;
}

static PyObject *on_events(PyObject *self, PyObject *mask)
{
    long events = PyLong_AsLong(mask);
    if (events == -1 && PyErr_Occurred())
        return NULL;
    int is_simple = events == READABLE ? is_attribute(self, name.needs_care, Py_False) : 0;
    if (is_simple == 1)
        is_simple = is_attribute(self, name.fresh, Py_None);
    if (is_simple < 0)
        return NULL;
    if (!is_simple)
        return PyObject_CallMethodObjArgs(self, name.on_events_with_care, mask, NULL);

    PyObject *receive_it = PyObject_GetAttr(self, name.recv);
    PyObject *size = receive_it == NULL ? NULL : PyObject_GetAttr(self, name.receive_size);
    PyObject *chunk = size == NULL ? NULL : PyObject_CallFunctionObjArgs(receive_it, size, NULL);
    Py_XDECREF(receive_it);
    Py_XDECREF(size);
    if (chunk == NULL) {
        if (PyErr_ExceptionMatches(PyExc_OSError))
            return tell_exception(self, name.on_read_failure);
        see_to_exception(self, name.lose, NULL);
        return NULL;
    }
    PyObject *result = NULL;
    Py_ssize_t length = PyBytes_Size(chunk);
    if (length >= 0)
        result = length ? take_in(self, chunk) : PyObject_CallMethodObjArgs(self, name.on_end, NULL);
    Py_DECREF(chunk);
    return result;
}

/* --- where these take the place of methods -------------------------------------------------------------------------- */

static const struct way ways_of_sockets[] = {
    {{"write_nowait", CALLED_FAST(write_nowait), METH_FASTCALL | METH_KEYWORDS, NULL},
     "ConnectedSocket",
     "_write_nowait_in_python",
     "($self, data)"},
    {{"read_available", CALLED_FAST(read_available), METH_FASTCALL | METH_KEYWORDS, NULL},
     "EventSocket",
     "_read_available_in_python",
     "($self, max_bytes=None)"},
    {{"_on_events", on_events, METH_O, NULL}, "EventSocket", "_on_events_in_python", "($self, mask, /)"},
};

/* The way of this method of this class, or NULL with an exception. */
static const struct way *way_of(PyObject *class_name, PyObject *method_name)
{
    const struct {
        const struct way *ways;
        size_t count;
    } known[] = {
        {ways_of_sockets, sizeof ways_of_sockets / sizeof ways_of_sockets[0]},
        {ways_of_frames, count_of_frame_ways},
        {ways_of_calling, count_of_calling_ways},
        {ways_of_answering, count_of_answering_ways},
        {ways_of_counting, count_of_counting_ways},
    };
    for (size_t table = 0; table < sizeof known / sizeof known[0]; table++)
        for (size_t i = 0; i < known[table].count; i++) {
            const struct way *way = &known[table].ways[i];
            if (PyUnicode_CompareWithASCIIString(class_name, way->of_class) == 0 &&
                PyUnicode_CompareWithASCIIString(method_name, way->definition.ml_name) == 0)
                return way;
        }
    PyErr_Format(PyExc_LookupError, "there is no short way of %R of %U", method_name, class_name);
    return NULL;
}

/* Puts one of the ways above into the class, which keeps the method as it stands in Python under the other name. */
static int shorten(PyObject *class, PyObject *method_name, const struct way *way)
{
    PyObject *text = NULL, *function = PyObject_GetAttr(class, method_name);
    PyObject *explained = function == NULL ? NULL : PyObject_GetAttrString(function, "__doc__");
    int failed = -1;
    if (explained == NULL)
        goto done;
    PyObject *inherited = explained == Py_None ? PyUnicode_FromString("") : PyObject_Str(explained);
    if (inherited == NULL)
        goto done;
    text = PyUnicode_FromFormat("%U%s\n--\n\n%U", method_name, way->signature, inherited);
    Py_DECREF(inherited);
    PyObject *bytes = text == NULL ? NULL : PyUnicode_AsUTF8String(text);
    if (bytes == NULL)
        goto done;
    /* Both live as long as the class, and that as long as the process. */
    PyMethodDef *definition = PyMem_Malloc(sizeof *definition);
    char *documentation = PyMem_Malloc((size_t)PyBytes_Size(bytes) + 1);
    if (definition == NULL || documentation == NULL) {
        PyMem_Free(definition);
        PyMem_Free(documentation);
        PyErr_NoMemory();
        Py_DECREF(bytes);
        goto done;
    }
    memcpy(documentation, PyBytes_AsString(bytes), (size_t)PyBytes_Size(bytes) + 1);
    Py_DECREF(bytes);
    *definition = way->definition;
    definition->ml_doc = documentation;
    PyObject *method = PyDescr_NewMethod((PyTypeObject *)class, definition);
    if (method != NULL && PyObject_SetAttrString(class, way->in_python, function) == 0)
        failed = PyObject_SetAttr(class, method_name, method);
    Py_XDECREF(method);
done:
    Py_XDECREF(text);
    Py_XDECREF(explained);
    Py_XDECREF(function);
    return failed;
}

static PyObject *shorten_class(PyObject *names, PyObject *class)
{
    PyObject *class_name = PyObject_GetAttrString(class, "__name__");
    if (class_name == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < PyTuple_Size(names); i++) {
        PyObject *method_name = PyTuple_GetItem(names, i);
        const struct way *way = way_of(class_name, method_name);
        if (way == NULL || shorten(class, method_name, way) < 0) {
            Py_DECREF(class_name);
            return NULL;
        }
    }
    Py_DECREF(class_name);
    Py_INCREF(class);
    return class;
}

static PyMethodDef shorten_class_definition = {"short_ways", shorten_class, METH_O, NULL};

static PyObject *short_ways(PyObject *Py_UNUSED(module), PyObject *names)
{
    return PyCFunction_New(&shorten_class_definition, names);
}

/* --- the module ----------------------------------------------------------------------------------------------------- */

static PyMethodDef functions[] = {
    {"receiver", receiver, METH_O, NULL},
    {"sender", sender, METH_O, NULL},
    {"see_to", (PyCFunction)(void (*)(void))see_to, METH_FASTCALL, NULL},
    {"short_ways", short_ways, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "localsocket._core.compiled", "The hot path of bytes in C.", -1, functions, NULL, NULL, NULL, NULL,
};

bool intern_each(const struct used_name *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if ((*names[i].place = PyUnicode_InternFromString(names[i].text)) == NULL)
            return false;
    return true;
}

static bool intern_names(void)
{
    const struct used_name names[] = {
        {&name.acquire, "acquire"},
        {&name.break_off, "_break_off"},
        {&name.fileno, "fileno"},
        {&name.fresh, "_fresh"},
        {&name.is_writable, "_is_writable"},
        {&name.lock, "_lock"},
        {&name.lose, "_lose"},
        {&name.needs_care, "_needs_care"},
        {&name.on_end, "_on_end"},
        {&name.on_events_with_care, "_on_events_with_care"},
        {&name.on_handler_error, "_on_handler_error"},
        {&name.on_read_failure, "_on_read_failure"},
        {&name.on_sent, "_on_sent"},
        {&name.queue_rest, "_queue_rest"},
        {&name.read_available_in_python, "_read_available_in_python"},
        {&name.ready_read, "_ready_read"},
        {&name.receive_size, "_receive_size"},
        {&name.recv, "_recv"},
        {&name.release, "release"},
        {&name.send, "_send"},
        {&name.size, "size"},
        {&name.unsent, "_unsent"},
        {&name.write_nowait_in_python, "_write_nowait_in_python"},
    };
    if (!intern_each(names, sizeof names / sizeof names[0]))
        return false;
    send_flags = PyLong_FromLong(SEND_FLAGS);
    sending = PyUnicode_InternFromString("sending");
    return send_flags != NULL && sending != NULL;
}

PyMODINIT_FUNC PyInit_compiled(void)
{
    if (!intern_names() || !prepare_frames() || !prepare_counting())
        return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && !(prepare_calling(module) && prepare_answering(module) && prepare_looking(module)
                            && PyModule_AddIntConstant(module, "VERSION", CORE_VERSION) == 0))
        Py_CLEAR(module);
    return module;
}
