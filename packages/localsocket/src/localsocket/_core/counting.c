/* Latencies are counted in C: two for each call, one at each end. LatencyHistogram says how. */
#include "core.h"

static struct {
    PyObject *add_in_python, *counts;
} name;

/* Returns the bucket, as add() of services/histogram.py chooses it. */
static Py_ssize_t bucket_of(long long nanoseconds)
{
    Py_ssize_t exponent = 0;
    for (unsigned long long rest = (unsigned long long)nanoseconds; rest; rest >>= 1)
        exponent++;
    return exponent < 4 ? exponent * 8 : exponent * 8 + (nanoseconds >> (exponent - 4) & 7);
}

static PyObject *add(PyObject *self, PyObject *nanoseconds)
{
    long long time = PyLong_AsLongLong(nanoseconds);
    if (time < 0) {
        PyErr_Clear();
        return PyObject_CallMethodObjArgs(self, name.add_in_python, nanoseconds, NULL);
    }
    PyObject *counts = PyObject_GetAttr(self, name.counts);
    PyObject *count = counts == NULL ? NULL : PyList_GetItem(counts, bucket_of(time)); /* borrowed */
    long long times = count == NULL ? -1 : PyLong_AsLongLong(count);
    PyObject *more = times < 0 ? NULL : PyLong_FromLongLong(times + 1);
    int failed = more == NULL ? -1 : PyList_SetItem(counts, bucket_of(time), more); /* which takes it */
    Py_XDECREF(counts);
    return failed ? NULL : none();
}

const struct way ways_of_counting[] = {
    {{"add", add, METH_O, NULL}, "LatencyHistogram", "_add_in_python", "($self, nanoseconds)"},
};
const size_t count_of_counting_ways = sizeof ways_of_counting / sizeof ways_of_counting[0];

bool prepare_counting(void)
{
    const struct used_name names[] = {
        {&name.add_in_python, "_add_in_python"},
        {&name.counts, "_counts"},
    };
    return intern_each(names, sizeof names / sizeof names[0]);
}
