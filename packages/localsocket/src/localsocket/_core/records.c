/* Objects that are made for each call. What their fields mean is said by their twins in in_python.py. */
#include "core.h"

PyObject *new_record(PyTypeObject *type, Py_ssize_t count)
{
    PyObject *made = PyType_GenericAlloc(type, 0); /* with zeros */
    if (made != NULL)
        ((struct record *)made)->count = count;
    return made;
}

void set_field(PyObject *record, int field, PyObject *value)
{
    PyObject **place = &((struct record *)record)->fields[field], *before = *place;
    Py_INCREF(value);
    *place = value;
    Py_XDECREF(before);
}

int visit_record(PyObject *self, visitproc visit, void *arg)
{
    struct record *record = (struct record *)self;
    Py_VISIT(Py_TYPE(self));
    for (Py_ssize_t i = 0; i < record->count; i++)
        Py_VISIT(record->fields[i]);
    return 0;
}

int clear_record(PyObject *self)
{
    struct record *record = (struct record *)self;
    for (Py_ssize_t i = 0; i < record->count; i++)
        Py_CLEAR(record->fields[i]);
    return 0;
}

void free_record(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    clear_record(self);
    ((freefunc)(uintptr_t)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}
