/* Calls as their answerer sees them, in C: what arrives for them, and the replies. The methods that these functions take the
 * place of stand in wire/answerer.py; what is not done here is left to those, and every error too. */
#include "core.h"

#include <structmember.h>

static struct {
    PyObject *carrier, *decoder, *feed_in_python, *last, *longest, *no_terms, *open, *prefetch, *read_call,
        *reply_in_python, *window;
} name;

static PyObject *zero, *call_kind;

/* --- an answered call ----------------------------------------------------------------------------------------------- */

enum {
    NUMBER,
    ARRIVED,
    BODY,
    CONTEXT,
    CREDIT,
    DEPTH,
    DESCRIPTORS,
    IS_OVER,
    IS_STREAM,
    ITEMS,
    REFUSAL,
    SIZE,
    TERMS,
    FIELDS,
};

static PyTypeObject *answered_call_type;

static void fill_call(PyObject *call, PyObject *number, PyObject *body, PyObject *credit, PyObject *size, PyObject *terms)
{
    set_field(call, NUMBER, number);
    set_field(call, BODY, body);
    set_field(call, CREDIT, credit);
    set_field(call, SIZE, size);
    set_field(call, TERMS, terms);
    set_field(call, ARRIVED, zero);
    set_field(call, DEPTH, zero);
    set_field(call, DESCRIPTORS, Py_None);
    set_field(call, IS_STREAM, Py_False);
    set_field(call, REFUSAL, Py_None);
    set_field(call, CONTEXT, Py_None);
}

static PyObject *make_call(PyTypeObject *type, PyObject *Py_UNUSED(arguments), PyObject *Py_UNUSED(keywords))
{
    return new_record(type, FIELDS);
}

static int begin_call(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"number", "body", "credit", "size", "terms", NULL};
    PyObject *number, *body, *credit, *size, *terms;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "OOOOO", names, &number, &body, &credit, &size, &terms))
        return -1;
    int has_number = PyObject_IsTrue(number);
    PyObject *items = has_number < 0 ? NULL : PyObject_GetAttr(terms, name.prefetch);
    if (items == NULL)
        return -1;
    fill_call(self, number, body, credit, size, terms);
    set_field(self, IS_OVER, has_number ? Py_False : Py_True);
    set_field(self, ITEMS, items);
    Py_DECREF(items);
    return 0;
}

static PyObject *may_send_item(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject **fields = ((struct record *)self)->fields;
    if (fields[CREDIT] == NULL || fields[ITEMS] == NULL) {
        PyErr_SetString(PyExc_AttributeError, "credit, or items");
        return NULL;
    }
    int may = PyObject_RichCompareBool(fields[CREDIT], zero, Py_GT);
    if (may == 1 && fields[ITEMS] != Py_None)
        may = PyObject_RichCompareBool(fields[ITEMS], zero, Py_GT);
    return may < 0 ? NULL : PyBool_FromLong(may);
}

static PyMemberDef fields_of_call[] = {
    FIXED_FIELD("number", NUMBER), /* which the table has it by */
    FIELD("arrived", ARRIVED),
    FIELD("body", BODY),
    FIELD("context", CONTEXT),
    FIELD("credit", CREDIT),
    FIELD("depth", DEPTH),
    FIELD("descriptors", DESCRIPTORS),
    FIELD("is_over", IS_OVER),
    FIELD("is_stream", IS_STREAM),
    FIELD("items", ITEMS),
    FIELD("refusal", REFUSAL),
    FIELD("size", SIZE),
    FIELD("terms", TERMS),
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef properties_of_call[] = {
    {"may_send_item", may_send_item, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots_of_call[] = {
    SLOT(Py_tp_new, make_call),
    SLOT(Py_tp_init, begin_call),
    SLOT(Py_tp_traverse, visit_record),
    SLOT(Py_tp_clear, clear_record),
    SLOT(Py_tp_dealloc, free_record),
    {Py_tp_members, fields_of_call},
    {Py_tp_getset, properties_of_call},
    {0, NULL},
};

static PyType_Spec answered_call_spec = {
    "localsocket._core.compiled.AnsweredCall",
    SIZE_OF_RECORD(FIELDS),
    0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE, /* a door may know more of its calls */
    slots_of_call,
};

/* --- what arrives --------------------------------------------------------------------------------------------------- */

/* What is needed for every call that arrives. */
struct arriving {
    PyObject *open, *read_call, *window, *no_terms, *requests;
};

/* Returns the call, or NULL where it is a case for Python, which has an exception set or not. */
static PyObject *read_call(const struct arriving *into, PyObject *number, PyObject *body, Py_ssize_t size)
{
    PyObject *call = NULL, *length = PyLong_FromSsize_t(size);
    PyObject *read = length == NULL ? NULL : PyObject_CallFunctionObjArgs(into->read_call, body, NULL);
    PyObject *carrier = read == NULL ? NULL : PyObject_GetAttr(read, name.carrier);
    if (carrier != NULL && PyDict_CheckExact(carrier) && PyDict_Size(carrier) == 0 &&
        (call = new_record(answered_call_type, FIELDS)) != NULL) {
        fill_call(call, number, read, into->window, length, into->no_terms);
        set_field(call, IS_OVER, Py_False);
        set_field(call, ITEMS, Py_None);
    }
    Py_XDECREF(length);
    Py_XDECREF(read);
    Py_XDECREF(carrier);
    return call;
}

/* Opens a call and requests it; false where it is a case for Python, which has an exception set or not. */
static bool open_call(const struct arriving *into, const struct reading *at, const struct frame *frame)
{
    if (frame->kind != CALL || frame->number == 0)
        return false;
    PyObject *request = NULL, *call = NULL, *number = PyLong_FromUnsignedLong(frame->number);
    PyObject *body = number == NULL ? NULL : body_of(at, frame);
    if (body != NULL && PyDict_Contains(into->open, number) == 0)
        call = read_call(into, number, body, frame->length);
    if (call != NULL && (request = PyTuple_Pack(2, call_kind, call)) != NULL)
        if (PyDict_SetItem(into->open, number, call) < 0)
            Py_CLEAR(request);
    bool is_open = request != NULL;
    if (is_open && PyList_Append(into->requests, request) < 0) {
        is_open = false;
        PyDict_DelItem(into->open, number);
    }
    Py_XDECREF(number);
    Py_XDECREF(body);
    Py_XDECREF(call);
    Py_XDECREF(request);
    return is_open;
}

/* As if nothing had arrived: Python is to see all of it, and to say what is wrong. */
static void undo(const struct arriving *into)
{
    for (Py_ssize_t i = 0; i < PyList_Size(into->requests); i++) {
        PyObject *call = PyTuple_GetItem(PyList_GetItem(into->requests, i), 1);
        PyDict_DelItem(into->open, ((struct record *)call)->fields[NUMBER]);
    }
    PyErr_Clear();
}

static PyObject *read_calls(PyObject *self, PyObject *open, struct reading *at)
{
    struct arriving into = {.open = open};
    struct frame frame;
    bool are_open = (into.read_call = PyObject_GetAttr(self, name.read_call)) != NULL &&
                    (into.window = PyObject_GetAttr(self, name.window)) != NULL &&
                    (into.no_terms = PyObject_GetAttr(self, name.no_terms)) != NULL &&
                    (into.requests = PyList_New(0)) != NULL;
    while (are_open && read_frame(at, &frame))
        are_open = open_call(&into, at, &frame);
    if (!are_open && into.requests != NULL) {
        undo(&into);
        Py_CLEAR(into.requests);
    }
    Py_XDECREF(into.read_call);
    Py_XDECREF(into.window);
    Py_XDECREF(into.no_terms);
    return into.requests;
}

/* Whether all that arrived is read at once: what begins behind that waits until others had their turn. */
static int is_one_piece(PyObject *decoder, Py_ssize_t size)
{
    PyObject *last = PyObject_GetAttr(decoder, name.last);
    Py_ssize_t last_begin = last == NULL ? -1 : PyLong_AsSsize_t(last);
    Py_XDECREF(last);
    return PyErr_Occurred() ? -1 : size <= last_begin;
}

static PyObject *feed_answerer(PyObject *self, PyObject *data)
{
    PyObject *requests = NULL, *decoder = PyObject_GetAttr(self, name.decoder);
    PyObject *open = decoder == NULL ? NULL : PyObject_GetAttr(self, name.open);
    struct reading at;
    int is_simple = open == NULL ? -1 : begin_reading(&at, decoder, data);
    if (is_simple == 1 && (is_simple = are_all_frames(at, CALL)))
        is_simple = is_one_piece(decoder, at.size);
    if (is_simple == 1)
        requests = read_calls(self, open, &at);
    Py_XDECREF(decoder);
    Py_XDECREF(open);
    if (is_simple < 0 || requests != NULL)
        return requests;
    return PyErr_Occurred() ? NULL : PyObject_CallMethodObjArgs(self, name.feed_in_python, data, NULL);
}

/* --- what is sent --------------------------------------------------------------------------------------------------- */

/* Returns the frame that ends the call, or NULL where it is a case for Python, which has an exception set or not. */
static PyObject *end_call(PyObject *self, PyObject *call, PyObject *body)
{
    PyObject **fields = ((struct record *)call)->fields;
    uint32_t number = (uint32_t)PyLong_AsUnsignedLong(fields[NUMBER]);
    PyObject *longest = PyErr_Occurred() ? NULL : PyObject_GetAttr(self, name.longest);
    PyObject *open = longest == NULL ? NULL : PyObject_GetAttr(self, name.open), *frame = NULL;
    if (open != NULL && PyBytes_Size(body) <= PyLong_AsSsize_t(longest) && (frame = frame_of(REPLY, number, body)) != NULL) {
        set_field(call, IS_OVER, Py_True);
        if (PyDict_DelItem(open, fields[NUMBER]) < 0)
            Py_CLEAR(frame);
        set_field(call, CONTEXT, Py_None); /* last: what is let go of may do anything */
    }
    Py_XDECREF(longest);
    Py_XDECREF(open);
    return frame;
}

static PyObject *reply(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    if (count == 2 && keywords == NULL && Py_IS_TYPE(arguments[0], answered_call_type) && PyBytes_CheckExact(arguments[1]) &&
        PyBytes_Size(arguments[1]) < LARGE &&
        ((struct record *)arguments[0])->fields[IS_OVER] == Py_False) {
        PyObject *frame = end_call(self, arguments[0], arguments[1]);
        if (frame != NULL || PyErr_Occurred())
            return frame;
    }
    return call_in_python(self, name.reply_in_python, arguments, count, keywords);
}

/* --- for the module ------------------------------------------------------------------------------------------------- */

const struct way ways_of_answering[] = {
    {{"feed", feed_answerer, METH_O, NULL}, "Answerer", "_feed_in_python", "($self, data)"},
    {{"reply", CALLED_FAST(reply), METH_FASTCALL | METH_KEYWORDS, NULL},
     "Answerer",
     "_reply_in_python",
     "($self, answer, body)"},
};
const size_t count_of_answering_ways = sizeof ways_of_answering / sizeof ways_of_answering[0];

bool prepare_answering(PyObject *module)
{
    const struct used_name names[] = {
        {&name.carrier, "carrier"},
        {&name.decoder, "_decoder"},
        {&name.feed_in_python, "_feed_in_python"},
        {&name.last, "_last"},
        {&name.longest, "longest"},
        {&name.no_terms, "_no_terms"},
        {&name.open, "_open"},
        {&name.prefetch, "prefetch"},
        {&name.read_call, "_read_call"},
        {&name.reply_in_python, "_reply_in_python"},
        {&name.window, "_window"},
    };
    if (!intern_each(names, sizeof names / sizeof names[0]))
        return false;
    zero = PyLong_FromLong(0);
    call_kind = PyLong_FromLong(CALL);
    answered_call_type = (PyTypeObject *)PyType_FromSpec(&answered_call_spec);
    return zero != NULL && call_kind != NULL && answered_call_type != NULL && PyModule_AddType(module, answered_call_type) == 0;
}
