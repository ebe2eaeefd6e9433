/* Looking again for a while before sleeping. Lookout of in_python.py says what each function is for.
 *
 * Sleeping and being woken takes most of the time of a call. Whoever looks again instead takes a processor from somebody,
 * and harms itself where that is who would answer: so it looks only while both are on different processors, and after
 * looking in vain, less and less often. What the peer says of its processor decides nothing else. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* for sched.h */
#endif
#include "core.h"

#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <structmember.h>
#include <time.h>

enum {
    LONGEST = 50 * 1000, /* nanoseconds of one look */
    MOST_MISSES = 10,    /* that count: 2^n waits are skipped after n of them */
    LOOKS_A_CHECK = 64,  /* whether this process may still use more than one processor */
};

struct lookout {
    PyObject_HEAD
    PyObject *mine, *theirs; /* where each says on which processor it is: its number and one, 0 where it says nothing */
    unsigned long long looks;
    int64_t end; /* of the look that has begun, 0 when there is none */
    unsigned misses, skipped;
    bool is_alone;
};

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

#ifdef __linux__
static uint32_t processor(void)
{
    return (uint32_t)(sched_getcpu() + 1); /* 0 where the system cannot tell */
}

static bool has_one_processor(void)
{
    cpu_set_t usable;
    return sched_getaffinity(0, sizeof usable, &usable) == 0 && CPU_COUNT(&usable) < 2;
}
#else
static uint32_t processor(void)
{
    return 0;
}

static bool has_one_processor(void)
{
    return true;
}
#endif

/* --- what each says of itself --------------------------------------------------------------------------------------- */

/* Takes the four bytes of `view`, to be given back; false with an exception. They lie where an int may lie. */
static bool take_place(PyObject *view, Py_buffer *place, int flags)
{
    if (PyObject_GetBuffer(view, place, flags) < 0)
        return false;
    if (place->len == sizeof(uint32_t) && (uintptr_t)place->buf % sizeof(uint32_t) == 0)
        return true;
    PyBuffer_Release(place);
    PyErr_SetString(PyExc_ValueError, "a place has four bytes, and lies on a multiple of them");
    return false;
}

/* Says where this thread runs. It is written when it has changed alone: else the peer would fetch it each time. */
static bool say_processor(struct lookout *self)
{
    Py_buffer place;
    if (self->mine == NULL)
        return true;
    if (!take_place(self->mine, &place, PyBUF_WRITABLE))
        return false;
    _Atomic uint32_t *said = place.buf;
    uint32_t here = processor();
    if (atomic_load_explicit(said, memory_order_relaxed) != here)
        atomic_store_explicit(said, here, memory_order_relaxed);
    PyBuffer_Release(&place);
    return true;
}

static bool is_elsewhere(const Py_buffer *theirs)
{
    uint32_t said = atomic_load_explicit((_Atomic uint32_t *)theirs->buf, memory_order_relaxed);
    return said != 0 && said != processor();
}

/* --- looking -------------------------------------------------------------------------------------------------------- */

/* Whether to look now; then `theirs` is to be given back. -1 with an exception. */
static int begins(struct lookout *self, Py_buffer *theirs)
{
    self->end = 0;
    if (!say_processor(self))
        return -1;
    if (self->theirs == NULL)
        return 0;
    if (self->skipped > 0) {
        self->skipped--;
        return 0;
    }
    if (!take_place(self->theirs, theirs, PyBUF_SIMPLE))
        return -1;
    if (is_elsewhere(theirs)) {
        if (self->looks++ % LOOKS_A_CHECK == 0)
            self->is_alone = has_one_processor();
        if (!self->is_alone) {
            self->end = now() + LONGEST;
            return 1;
        }
    }
    PyBuffer_Release(theirs);
    return 0;
}

static void has_missed(struct lookout *self)
{
    self->end = 0;
    if (self->misses < MOST_MISSES)
        self->misses++;
    self->skipped = 1u << self->misses;
}

static void has_found(struct lookout *self)
{
    self->end = 0;
    if (self->misses > 0)
        self->misses--; /* one by one: where every other look is in vain, it is better to sleep */
}

static PyObject *look(PyObject *object, PyObject *descriptor)
{
    struct lookout *self = (struct lookout *)object;
    struct pollfd looked_at = {(int)PyLong_AsLong(descriptor), POLLIN, 0};
    Py_buffer theirs; /* taken for as long as it looks, whatever others do with this object meanwhile */
    if (looked_at.fd < 0)
        return PyErr_Occurred() ? NULL : PyBool_FromLong(0);
    int may_look = begins(self, &theirs);
    if (may_look < 1)
        return may_look < 0 ? NULL : PyBool_FromLong(0);
    int64_t end = self->end;
    int ready;
    Py_BEGIN_ALLOW_THREADS
    do
        ready = poll(&looked_at, 1, 0);
    while (ready == 0 && is_elsewhere(&theirs) && now() < end);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&theirs);
    if (ready > 0)
        has_found(self);
    else
        has_missed(self);
    return PyBool_FromLong(ready > 0);
}

static PyObject *begin(PyObject *object, PyObject *Py_UNUSED(nothing))
{
    Py_buffer theirs;
    int may_look = begins((struct lookout *)object, &theirs);
    if (may_look < 0)
        return NULL;
    if (may_look)
        PyBuffer_Release(&theirs);
    return PyBool_FromLong(may_look);
}

static PyObject *goes_on(PyObject *object, PyObject *Py_UNUSED(nothing))
{
    struct lookout *self = (struct lookout *)object;
    Py_buffer theirs;
    if (self->end == 0 || self->theirs == NULL)
        return PyBool_FromLong(0);
    if (!take_place(self->theirs, &theirs, PyBUF_SIMPLE))
        return NULL;
    bool goes_on = is_elsewhere(&theirs) && now() < self->end;
    PyBuffer_Release(&theirs);
    if (!goes_on)
        has_missed(self);
    return PyBool_FromLong(goes_on);
}

static PyObject *found(PyObject *object, PyObject *Py_UNUSED(nothing))
{
    struct lookout *self = (struct lookout *)object;
    if (self->end != 0)
        has_found(self);
    return say_processor(self) ? none() : NULL;
}

static PyObject *note_processor(PyObject *object, PyObject *Py_UNUSED(nothing))
{
    return say_processor((struct lookout *)object) ? none() : NULL;
}

static PyObject *watch(PyObject *object, PyObject *theirs)
{
    struct lookout *self = (struct lookout *)object;
    PyObject *before = self->theirs;
    if (before != theirs) {
        self->theirs = theirs == Py_None ? NULL : theirs;
        Py_XINCREF(self->theirs);
        Py_XDECREF(before);
    }
    return none();
}

static PyObject *let_go(PyObject *object, PyObject *Py_UNUSED(nothing))
{
    struct lookout *self = (struct lookout *)object;
    PyObject *mine = self->mine, *theirs = self->theirs;
    self->mine = self->theirs = NULL;
    Py_XDECREF(mine);
    Py_XDECREF(theirs);
    return none();
}

/* --- the type ------------------------------------------------------------------------------------------------------- */

static int make(PyObject *object, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"mine", NULL};
    struct lookout *self = (struct lookout *)object;
    PyObject *mine;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O", names, &mine))
        return -1;
    Py_INCREF(mine);
    self->mine = mine;
    return 0;
}

static void free_lookout(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    Py_XDECREF(((struct lookout *)object)->mine);
    Py_XDECREF(((struct lookout *)object)->theirs);
    ((freefunc)(uintptr_t)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"watch", watch, METH_O, NULL},
    {"look", look, METH_O, NULL},
    {"begin", begin, METH_NOARGS, NULL},
    {"goes_on", goes_on, METH_NOARGS, NULL},
    {"found", found, METH_NOARGS, NULL},
    {"note_processor", note_processor, METH_NOARGS, NULL},
    {"let_go", let_go, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"looks", T_ULONGLONG, offsetof(struct lookout, looks), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot slots[] = {
    SLOT(Py_tp_new, PyType_GenericNew),
    SLOT(Py_tp_init, make),
    SLOT(Py_tp_dealloc, free_lookout),
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {0, NULL},
};

static PyType_Spec spec = {"localsocket._core.compiled.Lookout", sizeof(struct lookout), 0, Py_TPFLAGS_DEFAULT, slots};

bool prepare_looking(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&spec);
    return type != NULL && PyModule_AddObject(module, "Lookout", type) == 0;
}
