/* Calls in C: their frames, and which of them are open. The methods that these functions take the place of stand in
 * wire/frames.py and wire/caller.py; what they do not do themselves they leave to those, and every error too.
 *
 * A peer's bytes are immutable here. A header is read once and checked before anything is kept for its frame. */
#include "core.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <structmember.h>

enum {
    HEADER_SIZE = 12,
    FIRST_KIND = 2, /* the greeting is read in Python */
    CALL = 3,
    REPLY = 5,
    LAST_KIND = 11,
    /* As in frames.py: smaller bodies are copied out of what arrived, larger ones are looked at where they are. */
    VIEWED = 4096,
    /* As in sizes.py: what is longer may be longer than the peer takes, which is found out before it is encoded. */
    ALWAYS_TRIED = 1 << 20,
};

static struct {
    PyObject *arrived, *decoder, *encode_flat, *feed_in_python, *is_greeted, *last, *longest, *max_body, *mine, *news, *open,
        *parse, *prepare_in_python, *stream_window, *take;
} name;

static PyObject *zero, *one;

/* --- an open call --------------------------------------------------------------------------------------------------- */

/* As in in_python.py. A field is never NULL, unless somebody deletes it. */
enum {
    METHOD,
    NUMBER,
    FRAME,
    GRANTED,
    UNACKNOWLEDGED,
    ATTEMPTS,
    BODY,
    DEPTH,
    ERROR,
    FAILURE,
    HOLDER,
    IS_OVER,
    IS_STREAM,
    ITEMS,
    PREFETCH,
    WAITER,
    FIELDS,
};

typedef struct {
    PyObject_HEAD
    PyObject *fields[FIELDS];
} OpenCall;

static PyTypeObject *open_call_type;

static int visit_call(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    for (size_t i = 0; i < FIELDS; i++)
        Py_VISIT(((OpenCall *)self)->fields[i]);
    return 0;
}

static int clear_call(PyObject *self)
{
    for (size_t i = 0; i < FIELDS; i++)
        Py_CLEAR(((OpenCall *)self)->fields[i]);
    return 0;
}

static void free_call(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    clear_call(self);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static void set_field(OpenCall *call, int field, PyObject *value)
{
    PyObject *before = call->fields[field];
    Py_INCREF(value);
    call->fields[field] = value;
    Py_XDECREF(before);
}

static void fill_call(OpenCall *call, PyObject *method, PyObject *number, PyObject *frame, PyObject *window)
{
    static const int without_value[] = {BODY, ERROR, FAILURE, HOLDER, ITEMS, PREFETCH, WAITER};
    for (size_t i = 0; i < sizeof without_value / sizeof without_value[0]; i++)
        set_field(call, without_value[i], Py_None);
    set_field(call, METHOD, method);
    set_field(call, NUMBER, number);
    set_field(call, FRAME, frame);
    set_field(call, GRANTED, window);
    set_field(call, UNACKNOWLEDGED, zero);
    set_field(call, ATTEMPTS, one);
    set_field(call, DEPTH, zero);
    set_field(call, IS_OVER, Py_False);
    set_field(call, IS_STREAM, Py_False);
}

static PyObject *allocate_call(PyTypeObject *type)
{
    return PyType_GenericAlloc(type, 0);
}

static PyObject *make_call(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"method", "number", "frame", "window", NULL};
    PyObject *method, *number, *frame, *window;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "OOOO", names, &method, &number, &frame, &window))
        return NULL;
    PyObject *call = allocate_call(type);
    if (call != NULL)
        fill_call((OpenCall *)call, method, number, frame, window);
    return call;
}

static PyObject *is_answered(PyObject *self, void *Py_UNUSED(closure))
{
    OpenCall *call = (OpenCall *)self;
    PyObject *answer = call->fields[IS_OVER] == Py_True ? Py_True : call->fields[IS_STREAM];
    if (answer == NULL)
        PyErr_SetString(PyExc_AttributeError, "is_stream");
    Py_XINCREF(answer);
    return answer;
}

#define PLACE(index) (Py_ssize_t)(offsetof(OpenCall, fields) + (index) * sizeof(PyObject *))
#define FIELD(text, index) {text, T_OBJECT_EX, PLACE(index), 0, NULL}

static PyMemberDef fields_of_call[] = {
    FIELD("method", METHOD),
    {"number", T_OBJECT_EX, PLACE(NUMBER), READONLY, NULL}, /* which the table has it by */
    FIELD("frame", FRAME),
    FIELD("_granted", GRANTED),
    FIELD("_unacknowledged", UNACKNOWLEDGED),
    FIELD("attempts", ATTEMPTS),
    FIELD("body", BODY),
    FIELD("depth", DEPTH),
    FIELD("error", ERROR),
    FIELD("failure", FAILURE),
    FIELD("holder", HOLDER),
    FIELD("is_over", IS_OVER),
    FIELD("is_stream", IS_STREAM),
    FIELD("items", ITEMS),
    FIELD("prefetch", PREFETCH),
    FIELD("waiter", WAITER),
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef properties_of_call[] = {
    {"is_answered", is_answered, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

/* ISO C has no plain way to say it of a function. */
#define SLOT(slot, function) {slot, (void *)(uintptr_t)(function)}

static PyType_Slot slots_of_call[] = {
    SLOT(Py_tp_new, make_call),
    SLOT(Py_tp_traverse, visit_call),
    SLOT(Py_tp_clear, clear_call),
    SLOT(Py_tp_dealloc, free_call),
    {Py_tp_members, fields_of_call},
    {Py_tp_getset, properties_of_call},
    {0, NULL},
};

static PyType_Spec open_call_spec = {
    "localsocket._core.compiled.OpenCall", sizeof(OpenCall), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots_of_call,
};

/* --- frames --------------------------------------------------------------------------------------------------------- */

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

static uint32_t number_at(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* 1 where reading may begin, 0 where it is a case for Python, -1 with an exception. */
static int begin_reading(struct reading *at, PyObject *decoder, PyObject *data)
{
    if (!PyBytes_CheckExact(data))
        return 0;
    *at = (struct reading){.data = data, .bytes = (unsigned char *)PyBytes_AsString(data), .size = PyBytes_Size(data)};
    PyObject *is_greeted = PyObject_GetAttr(decoder, name.is_greeted);
    PyObject *arrived = is_greeted == NULL ? NULL : PyObject_GetAttr(decoder, name.arrived);
    PyObject *max_body = arrived == NULL ? NULL : PyObject_GetAttr(decoder, name.max_body);
    int may_begin = -1;
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
static bool read_frame(struct reading *at, struct frame *frame)
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

/* Whether all that arrived is such frames. */
static bool are_all_frames(struct reading at)
{
    struct frame frame;
    while (read_frame(&at, &frame))
        continue;
    return at.next == at.size;
}

static PyObject *body_of(const struct reading *at, const struct frame *frame)
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
static PyObject *parse_rest(PyObject *decoder, const struct reading *at, PyObject *frames)
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

/* --- what arrives for a caller ---------------------------------------------------------------------------------------- */

/* Ends the call that is open under this number with the body; 0 where it is a case for Python, -1 with an exception.
 *
 * The garbage collector, which may give calls up, can only come before the call is looked for. */
static int end_call(PyObject *open, PyObject *news, uint32_t number, PyObject *body)
{
    PyObject *key = PyLong_FromUnsignedLong(number);
    PyObject *found = key == NULL ? NULL : PyDict_GetItemWithError(open, key);
    int ended = found == NULL && PyErr_Occurred() ? -1 : 0;
    if (found != NULL && Py_IS_TYPE(found, open_call_type)) {
        OpenCall *call = (OpenCall *)found;
        if (call->fields[IS_STREAM] == Py_False) {
            ended = PyList_Append(news, found) < 0 ? -1 : 1;
            if (ended == 1) {
                set_field(call, BODY, body);
                set_field(call, IS_OVER, Py_True);
                ended = PyDict_DelItem(open, key) < 0 ? -1 : 1;
            }
        }
    }
    Py_XDECREF(key);
    return ended;
}

/* While the exception that is set stays: as take() says, these calls are among those that abandon() returns. */
static void reopen(PyObject *self, PyObject *open, PyObject *news)
{
    PyObject *type, *error, *trace;
    PyErr_Fetch(&type, &error, &trace);
    PyObject *told = PyObject_GetAttr(self, name.news);
    if (told == NULL || (told != news && PyList_SetSlice(told, 0, 0, news) < 0))
        PyErr_Clear();
    Py_XDECREF(told);
    for (Py_ssize_t i = 0; i < PyList_Size(news); i++) {
        PyObject *call = PyList_GetItem(news, i);
        if (PyDict_SetItem(open, ((OpenCall *)call)->fields[NUMBER], call) < 0)
            PyErr_Clear();
    }
    PyErr_Restore(type, error, trace);
}

/* Has Python take in what follows these replies, and returns the calls of all of it. */
static PyObject *take_rest(PyObject *self, PyObject *decoder, const struct reading *at, PyObject *news)
{
    PyObject *none_yet = PyList_New(0);
    PyObject *frames = none_yet == NULL ? NULL : parse_rest(decoder, at, none_yet);
    Py_XDECREF(none_yet);
    PyObject *rest = frames == NULL ? NULL : PyObject_CallMethodObjArgs(self, name.take, frames, NULL);
    Py_XDECREF(frames);
    if (rest != NULL && PyList_SetSlice(rest, 0, 0, news) == 0)
        return rest; /* which is `news` of the caller too */
    Py_XDECREF(rest);
    return NULL;
}

/* Ends the calls that the first frames reply to; false with an exception. */
static bool take_replies(struct reading *at, PyObject *open, PyObject *news)
{
    struct frame frame;
    for (;;) {
        Py_ssize_t begin = at->next;
        if (!read_frame(at, &frame))
            return true;
        PyObject *body = frame.kind == REPLY ? body_of(at, &frame) : NULL;
        int ended = body != NULL ? end_call(open, news, frame.number, body) : PyErr_Occurred() ? -1 : 0;
        Py_XDECREF(body);
        if (ended < 1) {
            at->next = begin;
            return ended == 0;
        }
    }
}

static PyObject *feed_with_replies(PyObject *self, PyObject *decoder, struct reading *at, PyObject *open)
{
    PyObject *news = PyList_New(0), *all = NULL;
    if (news != NULL && PyObject_SetAttr(self, name.news, news) == 0 && take_replies(at, open, news)) {
        if (at->next == at->size)
            return news;
        all = take_rest(self, decoder, at, news);
    }
    if (news != NULL && all == NULL)
        reopen(self, open, news);
    Py_XDECREF(news);
    return all;
}

static PyObject *feed_caller(PyObject *self, PyObject *data)
{
    PyObject *result = NULL, *decoder = PyObject_GetAttr(self, name.decoder);
    PyObject *open = decoder == NULL ? NULL : PyObject_GetAttr(self, name.open);
    struct reading at;
    int may_begin = open == NULL ? -1 : begin_reading(&at, decoder, data);
    /* What begins with something else, as the items of a stream, goes to Python whole, and so does what is refused, since
     * nothing may be taken of that. */
    if (may_begin > 0 && at.size >= HEADER_SIZE && at.bytes[4] == REPLY && are_all_frames(at))
        result = feed_with_replies(self, decoder, &at, open);
    else if (may_begin >= 0)
        result = PyObject_CallMethodObjArgs(self, name.feed_in_python, data, NULL);
    Py_XDECREF(decoder);
    Py_XDECREF(open);
    return result;
}

/* --- what a caller sends ---------------------------------------------------------------------------------------------- */

/* Whether these are plain numbers, strings and bytes, and not too long to be tried. */
static bool are_flat(PyObject *arguments)
{
    Py_ssize_t least = 0;
    for (Py_ssize_t i = 0, count = PyTuple_Size(arguments); i < count; i++) {
        PyObject *value = PyTuple_GetItem(arguments, i);
        if (PyBytes_CheckExact(value))
            least += PyBytes_Size(value);
        else if (PyUnicode_CheckExact(value))
            least += PyUnicode_GetLength(value);
        else if (!PyLong_CheckExact(value) && !PyFloat_CheckExact(value) && !PyBool_Check(value) && value != Py_None)
            return false;
        if (least > ALWAYS_TRIED)
            return false;
    }
    return true;
}

/* Returns the body, or NULL where it is a case for Python, which says what is wrong. */
static PyObject *encode_call(PyObject *self, PyObject *method, PyObject *timeout, PyObject *arguments)
{
    PyObject *encode = PyObject_GetAttr(self, name.encode_flat);
    PyObject *call = encode == NULL ? NULL : PyTuple_Pack(3, method, timeout, arguments);
    PyObject *body = call == NULL ? NULL : PyObject_CallFunctionObjArgs(encode, call, NULL);
    Py_XDECREF(encode);
    Py_XDECREF(call);
    PyObject *longest = body == NULL ? NULL : PyObject_GetAttr(self, name.longest);
    if (longest == NULL || !PyBytes_CheckExact(body) || PyBytes_Size(body) > PyLong_AsSsize_t(longest))
        Py_CLEAR(body);
    Py_XDECREF(longest);
    PyErr_Clear();
    return body;
}

static PyObject *frame_of(unsigned kind, uint32_t number, PyObject *body)
{
    Py_ssize_t length = PyBytes_Size(body);
    if (length > UINT32_MAX)
        return NULL;
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

/* Returns the number that comes after the last one; 0 where it is a case for Python. */
static uint32_t next_number(PyObject *self)
{
    PyObject *last = PyObject_GetAttr(self, name.last);
    unsigned long number = last == NULL ? ULONG_MAX : PyLong_AsUnsignedLong(last);
    Py_XDECREF(last);
    PyErr_Clear();
    return number < UINT32_MAX ? (uint32_t)number + 1 : 0;
}

/* Returns the call, or NULL where it is a case for Python, which has an exception set or not. */
static PyObject *prepared(PyObject *self, PyObject *method, PyObject *timeout, PyObject *arguments)
{
    PyObject *call = NULL, *frame = NULL, *key = NULL, *open = NULL, *mine = NULL, *window = NULL;
    PyObject *body = encode_call(self, method, timeout, arguments);
    if (body == NULL)
        return NULL;
    uint32_t number = next_number(self);
    if (number == 0 || (key = PyLong_FromUnsignedLong(number)) == NULL)
        goto done;
    if ((open = PyObject_GetAttr(self, name.open)) == NULL || PyDict_Contains(open, key) != 0)
        goto done;
    if ((mine = PyObject_GetAttr(self, name.mine)) == NULL)
        goto done;
    if ((window = PyObject_GetAttr(mine, name.stream_window)) == NULL)
        goto done;
    if ((frame = frame_of(CALL, number, body)) == NULL || (call = allocate_call(open_call_type)) == NULL)
        goto done;
    fill_call((OpenCall *)call, method, key, frame, window);
    if (PyObject_SetAttr(self, name.last, key) < 0)
        Py_CLEAR(call);
done:
    Py_DECREF(body);
    Py_XDECREF(key);
    Py_XDECREF(open);
    Py_XDECREF(mine);
    Py_XDECREF(window);
    Py_XDECREF(frame);
    return call;
}

static bool is_nothing(PyObject *value)
{
    return value == Py_None || (PyDict_CheckExact(value) && PyDict_Size(value) == 0);
}

static PyObject *prepare(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    bool is_simple = keywords == NULL && count >= 3 && count <= 6 && PyTuple_CheckExact(arguments[2]);
    for (Py_ssize_t i = 3; is_simple && i < count; i++)
        is_simple = is_nothing(arguments[i]);
    if (is_simple && are_flat(arguments[2])) {
        PyObject *call = prepared(self, arguments[0], arguments[1], arguments[2]);
        if (call != NULL || PyErr_Occurred())
            return call;
    }
    return call_in_python(self, name.prepare_in_python, arguments, count, keywords);
}

/* --- for the module ------------------------------------------------------------------------------------------------- */

const struct way ways_of_calls[] = {
    {{"feed", feed_decoder, METH_O, NULL}, "FrameDecoder", "_feed_in_python", "($self, data)"},
    {{"feed", feed_caller, METH_O, NULL}, "Caller", "_feed_in_python", "($self, data)"},
    {{"prepare", CALLED_FAST(prepare), METH_FASTCALL | METH_KEYWORDS, NULL},
     "Caller",
     "_prepare_in_python",
     "($self, method, timeout, arguments, named=None, carrier=None, terms=None)"},
};
const size_t count_of_call_ways = sizeof ways_of_calls / sizeof ways_of_calls[0];

bool prepare_calls(PyObject *module)
{
    const struct used_name names[] = {
        {&name.arrived, "_arrived"},
        {&name.decoder, "_decoder"},
        {&name.encode_flat, "_encode_flat"},
        {&name.feed_in_python, "_feed_in_python"},
        {&name.is_greeted, "_is_greeted"},
        {&name.last, "_last"},
        {&name.longest, "_longest"},
        {&name.max_body, "max_body"},
        {&name.mine, "mine"},
        {&name.news, "news"},
        {&name.open, "_open"},
        {&name.parse, "_parse"},
        {&name.prepare_in_python, "_prepare_in_python"},
        {&name.stream_window, "stream_window"},
        {&name.take, "take"},
    };
    if (!intern_each(names, sizeof names / sizeof names[0]))
        return false;
    zero = PyLong_FromLong(0);
    one = PyLong_FromLong(1);
    open_call_type = (PyTypeObject *)PyType_FromSpec(&open_call_spec);
    return zero != NULL && one != NULL && open_call_type != NULL && PyModule_AddType(module, open_call_type) == 0;
}
