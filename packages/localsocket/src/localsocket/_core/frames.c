/* Frames in C. What stands in wire/frames.py as FrameDecoder.feed() is done here for bytes that are as nearly all are.
 *
 * A peer's bytes are immutable here. A header is read once, and checked before anything is kept for its frame. */
#include "core.h"

#include <string.h>

enum {
    FIRST_KIND = 2, /* the greeting is read in Python */
    LAST_KIND = 11,
    /* As in frames.py: smaller bodies are copied out of what arrived, larger ones are looked at where they are. */
    VIEWED = 4096,
};

static struct {
    PyObject *arrived, *feed, *feed_in_python, *is_greeted, *last, *max_body, *parse;
} name;

/* --- reading -------------------------------------------------------------------------------------------------------- */

static uint32_t number_at(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Whether the decoder's frames may be read here: 0 where its class has a feed() of its own. -1 with an exception. */
static int reads_here(PyObject *decoder)
{
    static PyObject *known; /* the last class that was found to */
    PyObject *type = (PyObject *)Py_TYPE(decoder);
    if (type == known)
        return 1;
    PyObject *feed = PyObject_GetAttr(type, name.feed);
    if (feed == NULL)
        return -1;
    bool is_in_c = Py_IS_TYPE(feed, &PyMethodDescr_Type);
    Py_DECREF(feed);
    if (is_in_c) {
        PyObject *before = known;
        Py_INCREF(type);
        known = type;
        Py_XDECREF(before);
    }
    return is_in_c;
}

/* 1 where reading may begin, 0 where it is a case for Python, -1 with an exception. */
int begin_reading(struct reading *at, PyObject *decoder, PyObject *data)
{
    int may_begin = PyBytes_CheckExact(data) ? reads_here(decoder) : 0;
    if (may_begin < 1)
        return may_begin;
    *at = (struct reading){.data = data, .bytes = (unsigned char *)PyBytes_AsString(data), .size = PyBytes_Size(data)};
    PyObject *is_greeted = PyObject_GetAttr(decoder, name.is_greeted);
    PyObject *arrived = is_greeted == NULL ? NULL : PyObject_GetAttr(decoder, name.arrived);
    PyObject *max_body = arrived == NULL ? NULL : PyObject_GetAttr(decoder, name.max_body);
    may_begin = -1;
    if (max_body != NULL) {
        at->longest = PyLong_AsSsize_t(max_body);
        if (at->longest >= 0 || !PyErr_Occurred())
            may_begin = is_greeted == Py_True && PyObject_Size(arrived) == 0;
    }
    Py_XDECREF(is_greeted);
    Py_XDECREF(arrived);
    Py_XDECREF(max_body);
    return may_begin;
}

/* Whether a frame that is whole and says nothing unusual begins where one is; one goes on behind it then. */
bool read_frame(struct reading *at, struct frame *frame)
{
    if (at->size - at->next < HEADER_SIZE)
        return false;
    const unsigned char *header = at->bytes + at->next;
    uint32_t length = number_at(header);
    frame->kind = header[4];
    if (header[5] | header[6] | header[7] || frame->kind < FIRST_KIND || frame->kind > LAST_KIND ||
        length > (uint64_t)at->longest || length > (uint64_t)(at->size - at->next - HEADER_SIZE))
        return false;
    frame->number = number_at(header + 8);
    frame->body = at->next + HEADER_SIZE;
    frame->length = (Py_ssize_t)length;
    at->next = frame->body + frame->length;
    return true;
}

/* Whether all that arrived is such frames, and the first of them of this kind. */
bool are_all_frames(struct reading at, unsigned kind)
{
    struct frame frame;
    if (at.size < HEADER_SIZE || at.bytes[4] != kind)
        return false;
    while (read_frame(&at, &frame))
        continue;
    return at.next == at.size;
}

PyObject *body_of(const struct reading *at, const struct frame *frame)
{
    if (frame->length <= VIEWED)
        return PyBytes_FromStringAndSize((const char *)at->bytes + frame->body, frame->length);
    PyObject *begin = PyLong_FromSsize_t(frame->body), *end = PyLong_FromSsize_t(frame->body + frame->length);
    PyObject *slice = begin == NULL || end == NULL ? NULL : PySlice_New(begin, end, NULL);
    PyObject *whole = slice == NULL ? NULL : PyMemoryView_FromObject(at->data);
    PyObject *body = whole == NULL ? NULL : PyObject_GetItem(whole, slice);
    Py_XDECREF(begin);
    Py_XDECREF(end);
    Py_XDECREF(slice);
    Py_XDECREF(whole);
    return body;
}

/* The frame as Python has it; it takes the body over, and fails where that is NULL. */
static PyObject *frame_with(const struct frame *frame, PyObject *body)
{
    PyObject *kind = PyLong_FromUnsignedLong(frame->kind), *number = PyLong_FromUnsignedLong(frame->number);
    PyObject *made = kind == NULL || number == NULL || body == NULL ? NULL : PyTuple_Pack(3, kind, number, body);
    Py_XDECREF(kind);
    Py_XDECREF(number);
    Py_XDECREF(body);
    return made;
}

/* Returns the frames of the rest, appended to `frames`, as Python reads them. */
PyObject *parse_rest(PyObject *decoder, const struct reading *at, PyObject *frames)
{
    PyObject *next = PyLong_FromSsize_t(at->next);
    PyObject *all = next == NULL ? NULL : PyObject_CallMethodObjArgs(decoder, name.parse, at->data, next, frames, NULL);
    Py_XDECREF(next);
    return all;
}

static PyObject *feed_decoder(PyObject *self, PyObject *data)
{
    struct reading at;
    int may_begin = begin_reading(&at, self, data);
    if (may_begin < 0)
        return NULL;
    PyObject *last_begin = may_begin ? PyObject_GetAttr(self, name.last) : NULL;
    Py_ssize_t last = last_begin == NULL ? -1 : PyLong_AsSsize_t(last_begin);
    Py_XDECREF(last_begin);
    if (last < 0)
        return PyErr_Occurred() ? NULL : PyObject_CallMethodObjArgs(self, name.feed_in_python, data, NULL);
    PyObject *frames = PyList_New(0);
    if (frames == NULL)
        return NULL;
    struct frame frame;
    while (at.next <= last && read_frame(&at, &frame)) {
        PyObject *made = frame_with(&frame, body_of(&at, &frame));
        int failed = made == NULL ? -1 : PyList_Append(frames, made);
        Py_XDECREF(made);
        if (failed) {
            Py_DECREF(frames);
            return NULL;
        }
    }
    if (at.next == at.size)
        return frames;
    PyObject *all = parse_rest(self, &at, frames);
    Py_DECREF(frames);
    return all;
}

/* --- writing -------------------------------------------------------------------------------------------------------- */

PyObject *frame_of(unsigned kind, uint32_t number, PyObject *body)
{
    Py_ssize_t length = PyBytes_Size(body);
    if (length < 0 || length > UINT32_MAX) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_OverflowError, "the body is too long for a frame");
        return NULL;
    }
    PyObject *frame = PyBytes_FromStringAndSize(NULL, HEADER_SIZE + length);
    if (frame == NULL)
        return NULL;
    unsigned char *bytes = (unsigned char *)PyBytes_AsString(frame);
    const uint32_t words[] = {(uint32_t)length, (uint32_t)kind << 24, number};
    for (size_t i = 0; i < HEADER_SIZE; i++)
        bytes[i] = (unsigned char)(words[i / 4] >> (24 - 8 * (i % 4)));
    memcpy(bytes + HEADER_SIZE, PyBytes_AsString(body), (size_t)length);
    return frame;
}

/* --- for the module ------------------------------------------------------------------------------------------------- */

const struct way ways_of_frames[] = {
    {{"feed", feed_decoder, METH_O, NULL}, "FrameDecoder", "_feed_in_python", "($self, data)"},
};
const size_t count_of_frame_ways = sizeof ways_of_frames / sizeof ways_of_frames[0];

bool prepare_frames(void)
{
    const struct used_name names[] = {
        {&name.arrived, "_arrived"},
        {&name.feed, "feed"},
        {&name.feed_in_python, "_feed_in_python"},
        {&name.is_greeted, "_is_greeted"},
        {&name.last, "_last"},
        {&name.max_body, "max_body"},
        {&name.parse, "_parse"},
    };
    return intern_each(names, sizeof names / sizeof names[0]);
}
