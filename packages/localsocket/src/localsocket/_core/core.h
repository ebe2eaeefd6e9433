/* What the files of the compiled core have in common. */
#ifndef LOCALSOCKET_CORE_H
#define LOCALSOCKET_CORE_H

/* Only what the limited API of CPython 3.11 has is used, so that one wheel is for all versions from there on. */
#define Py_LIMITED_API 0x030b0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the Python beside it has to be written for: VERSION in in_python.py. */
#define CORE_VERSION 2

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

/* A function as a slot of a type has it, for which ISO C has no plain way. */
#define SLOT(slot, function) {slot, (void *)(uintptr_t)(function)}

/* records.c: objects of fields, as classes with __slots__ are. A field is NULL until it is set. */
struct record {
    PyObject_HEAD
    Py_ssize_t count;
    PyObject *fields[];
};

#define SIZE_OF_RECORD(count) (int)(offsetof(struct record, fields) + (count) * sizeof(PyObject *))
#define FIELD(text, index) {text, T_OBJECT_EX, SIZE_OF_RECORD(index), 0, NULL}
#define FIXED_FIELD(text, index) {text, T_OBJECT_EX, SIZE_OF_RECORD(index), READONLY, NULL}

PyObject *new_record(PyTypeObject *type, Py_ssize_t count);
void set_field(PyObject *record, int field, PyObject *value);
int visit_record(PyObject *self, visitproc visit, void *arg);
int clear_record(PyObject *self);
void free_record(PyObject *self);

/* frames.c */
enum {
    HEADER_SIZE = 12,
    CALL = 3,
    REPLY = 5,
    /* As in shared_bodies.py: bodies from here on may go by shared memory, or be longer than the peer takes. */
    LARGE = 128 * 1024,
};

/* Where one is in bytes that arrived, with nothing before them; `next` is where the next frame begins. */
struct reading {
    PyObject *data;
    const unsigned char *bytes;
    Py_ssize_t size, next, longest;
};

struct frame {
    unsigned kind;
    uint32_t number;
    Py_ssize_t body, length; /* where it begins, and how long it is */
};

int begin_reading(struct reading *at, PyObject *decoder, PyObject *data);
bool read_frame(struct reading *at, struct frame *frame);
bool are_all_frames(struct reading at, unsigned kind);
PyObject *body_of(const struct reading *at, const struct frame *frame);
PyObject *parse_rest(PyObject *decoder, const struct reading *at, PyObject *frames);
PyObject *frame_of(unsigned kind, uint32_t number, PyObject *body);

extern const struct way ways_of_frames[];
extern const size_t count_of_frame_ways;
bool prepare_frames(void);

/* calling.c */
extern const struct way ways_of_calling[];
extern const size_t count_of_calling_ways;
bool prepare_calling(PyObject *module);

/* answering.c */
extern const struct way ways_of_answering[];
extern const size_t count_of_answering_ways;
bool prepare_answering(PyObject *module);

/* counting.c */
extern const struct way ways_of_counting[];
extern const size_t count_of_counting_ways;
bool prepare_counting(void);

/* looking.c */
bool prepare_looking(PyObject *module);

#endif
