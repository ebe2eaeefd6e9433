/* Calls as their caller sees them, in C: what they become to be sent, the replies that end them, and who waits for those. The
 * methods that these functions take the place of stand in wire/caller.py and blocking/client_connection.py; what is not done
 * here is left to those, and every error too. */
#include "core.h"

#include <limits.h>
#include <structmember.h>


static struct {
    PyObject *bell, *decoder, *encode_flat, *feed_in_python, *greeted, *has_news, *is_done, *last, *longest, *mine, *news,
        *open, *prepare_in_python, *ring, *stream_window, *take, *tell_waiters_in_python, *waiting_for_room;
} name;

static PyObject *zero, *one;

/* --- an open call --------------------------------------------------------------------------------------------------- */

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
    INTO,
    IS_OVER,
    IS_STREAM,
    ITEMS,
    PREFETCH,
    WAITER,
    FIELDS,
};

static PyTypeObject *open_call_type;

static void fill_call(PyObject *call, PyObject *method, PyObject *number, PyObject *frame, PyObject *window)
{
    static const int without_value[] = {BODY, ERROR, FAILURE, HOLDER, INTO, ITEMS, PREFETCH, WAITER};
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

static PyObject *make_call(PyTypeObject *type, PyObject *Py_UNUSED(arguments), PyObject *Py_UNUSED(keywords))
{
    return new_record(type, FIELDS);
}

static int begin_call(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"method", "number", "frame", "window", NULL};
    PyObject *method, *number, *frame, *window;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "OOOO", names, &method, &number, &frame, &window))
        return -1;
    fill_call(self, method, number, frame, window);
    return 0;
}

static PyObject *is_answered(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject **fields = ((struct record *)self)->fields;
    PyObject *answer = fields[IS_OVER] == Py_True ? Py_True : fields[IS_STREAM];
    if (answer == NULL)
        PyErr_SetString(PyExc_AttributeError, "is_stream");
    Py_XINCREF(answer);
    return answer;
}

static PyMemberDef fields_of_call[] = {
    FIELD("method", METHOD),
    FIXED_FIELD("number", NUMBER), /* which the table has it by */
    FIELD("frame", FRAME),
    FIELD("_granted", GRANTED),
    FIELD("_unacknowledged", UNACKNOWLEDGED),
    FIELD("attempts", ATTEMPTS),
    FIELD("body", BODY),
    FIELD("depth", DEPTH),
    FIELD("error", ERROR),
    FIELD("failure", FAILURE),
    FIELD("holder", HOLDER),
    FIELD("into", INTO),
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

static PyType_Spec open_call_spec = {
    "localsocket._core.compiled.OpenCall",
    SIZE_OF_RECORD(FIELDS),
    0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    slots_of_call,
};

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
        if (((struct record *)found)->fields[IS_STREAM] == Py_False) {
            ended = PyList_Append(news, found) < 0 ? -1 : 1;
            if (ended == 1) {
                set_field(found, BODY, body);
                set_field(found, IS_OVER, Py_True);
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
        if (PyDict_SetItem(open, ((struct record *)call)->fields[NUMBER], call) < 0)
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
    if (may_begin > 0 && are_all_frames(at, REPLY))
        result = feed_with_replies(self, decoder, &at, open);
    else if (may_begin >= 0)
        result = PyObject_CallMethodObjArgs(self, name.feed_in_python, data, NULL);
    Py_XDECREF(decoder);
    Py_XDECREF(open);
    return result;
}

/* --- who waits for it ------------------------------------------------------------------------------------------------- */

/* As Turn.finish(): nobody is woken who does not sleep. */
static bool finish_turn(PyObject *turn)
{
    PyObject *bell = PyObject_SetAttr(turn, name.is_done, Py_True) < 0 ? NULL : PyObject_GetAttr(turn, name.bell);
    PyObject *rung = bell == NULL || bell == Py_None ? bell : PyObject_CallMethodObjArgs(turn, name.ring, NULL);
    if (rung != bell)
        Py_XDECREF(rung);
    Py_XDECREF(bell);
    return rung != NULL;
}

/* Finishes the turns of who waits for the call, of whom there are none then. */
static bool finish_turns(PyObject *call)
{
    PyObject *waiter = ((struct record *)call)->fields[WAITER];
    if (waiter == NULL || !PyList_CheckExact(waiter) || PyList_Size(waiter) == 0)
        return true;
    PyObject *nobody = PyList_New(0);
    bool are_finished = nobody != NULL;
    Py_INCREF(waiter);
    for (Py_ssize_t i = 0; are_finished && i < PyList_Size(waiter); i++)
        are_finished = finish_turn(PyList_GetItem(waiter, i));
    if (are_finished)
        set_field(call, WAITER, nobody);
    Py_DECREF(waiter);
    Py_XDECREF(nobody);
    return are_finished;
}

/* Whether nobody waits for anything but calls: 0 where somebody may, -1 with an exception. */
static int waits_nobody_else(PyObject *self)
{
    PyObject *greeted = PyObject_GetAttr(self, name.greeted);
    PyObject *is_done = greeted == NULL ? NULL : PyObject_GetAttr(greeted, name.is_done);
    PyObject *for_room = is_done == NULL ? NULL : PyObject_GetAttr(self, name.waiting_for_room);
    int nobody = for_room == NULL ? -1 : is_done == Py_True && PyObject_Size(for_room) == 0;
    Py_XDECREF(greeted);
    Py_XDECREF(is_done);
    Py_XDECREF(for_room);
    return nobody;
}

static PyObject *tell_waiters(PyObject *self, PyObject *news)
{
    bool are_told = PyList_CheckExact(news);
    for (Py_ssize_t i = 0; are_told && i < PyList_Size(news); i++) {
        PyObject *call = PyList_GetItem(news, i);
        Py_INCREF(call);
        are_told = Py_IS_TYPE(call, open_call_type) && finish_turns(call);
        Py_DECREF(call);
    }
    if (!are_told) /* those that were told already are not told again */
        return PyErr_Occurred() ? NULL : PyObject_CallMethodObjArgs(self, name.tell_waiters_in_python, news, NULL);
    if (PyList_SetSlice(news, 0, PyList_Size(news), NULL) < 0)
        return NULL;
    int nobody = waits_nobody_else(self);
    if (nobody < 0)
        return NULL;
    return nobody ? none() : PyObject_CallMethodObjArgs(self, name.has_news, NULL);
}

/* --- what a caller sends ---------------------------------------------------------------------------------------------- */

/* Whether these are plain numbers, strings and bytes, and not large. */
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
        if (least >= LARGE)
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
    if ((frame = frame_of(CALL, number, body)) == NULL || (call = new_record(open_call_type, FIELDS)) == NULL)
        goto done;
    fill_call(call, method, key, frame, window);
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

const struct way ways_of_calling[] = {
    {{"feed", feed_caller, METH_O, NULL}, "Caller", "_feed_in_python", "($self, data)"},
    {{"prepare", CALLED_FAST(prepare), METH_FASTCALL | METH_KEYWORDS, NULL},
     "Caller",
     "_prepare_in_python",
     "($self, method, timeout, arguments, named=None, carrier=None, terms=None)"},
    {{"_tell_waiters", tell_waiters, METH_O, NULL}, "ClientConnection", "_tell_waiters_in_python", "($self, news)"},
};
const size_t count_of_calling_ways = sizeof ways_of_calling / sizeof ways_of_calling[0];

bool prepare_calling(PyObject *module)
{
    const struct used_name names[] = {
        {&name.bell, "_bell"},
        {&name.decoder, "_decoder"},
        {&name.encode_flat, "_encode_flat"},
        {&name.feed_in_python, "_feed_in_python"},
        {&name.greeted, "_greeted"},
        {&name.has_news, "_has_news"},
        {&name.is_done, "is_done"},
        {&name.last, "_last"},
        {&name.longest, "_longest"},
        {&name.mine, "mine"},
        {&name.news, "news"},
        {&name.open, "_open"},
        {&name.prepare_in_python, "_prepare_in_python"},
        {&name.ring, "ring"},
        {&name.stream_window, "stream_window"},
        {&name.take, "take"},
        {&name.tell_waiters_in_python, "_tell_waiters_in_python"},
        {&name.waiting_for_room, "_waiting_for_room"},
    };
    if (!intern_each(names, sizeof names / sizeof names[0]))
        return false;
    zero = PyLong_FromLong(0);
    one = PyLong_FromLong(1);
    open_call_type = (PyTypeObject *)PyType_FromSpec(&open_call_spec);
    return zero != NULL && one != NULL && open_call_type != NULL && PyModule_AddType(module, open_call_type) == 0;
}
