/* What the files of the compiled core have in common. */
#ifndef LOCALSOCKET_CORE_H
#define LOCALSOCKET_CORE_H

/* Only what the limited API of CPython 3.11 has is used, so that one wheel is for all versions from there on. */
#define Py_LIMITED_API 0x030b0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

/* A function that takes the place of a method, and the name under which the class keeps that as it stands in Python. */
struct way {
    PyMethodDef definition;
    const char *of_class;
    const char *in_python;
    const char *signature;
};

#define CALLED_FAST(function) ((PyCFunction)(void (*)(void))(function))

/* A name that is looked up in every call. */
struct used_name {
    PyObject **place;
    const char *text;
};

bool intern_each(const struct used_name *names, size_t count);
PyObject *none(void);
PyObject *call_in_python(
    PyObject *self, PyObject *method, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords);

/* calls.c */
extern const struct way ways_of_calls[];
extern const size_t count_of_call_ways;
bool prepare_calls(PyObject *module);

#endif
