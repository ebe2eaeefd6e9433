/* What a peer sent is found again as a member of the stream, or of the structure that it keeps. */
#include <stdlib.h>
#include <uv.h>

struct peer {
    char text[512];
};

static void give_data(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)suggested;
    buffer->base = handle->data;
    buffer->len = 511;
}

static void run_data(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    (void)buffer;
    if (count > 0)
        system(stream->data); // expect: LS109
}

static void give_text(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)suggested;
    struct peer *peer = handle->data;
    *buffer = uv_buf_init(peer->text, sizeof peer->text - 1);
}

static void run_text(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    (void)buffer;
    struct peer *peer = stream->data;
    if (count > 0)
        system(peer->text); // expect: LS109
}

int begin(uv_stream_t *one, uv_stream_t *other)
{
    one->data = calloc(1, 512);
    other->data = calloc(1, sizeof(struct peer));
    return uv_read_start(one, give_data, run_data) + uv_read_start(other, give_text, run_text);
}
