/* What the streams keep beside the buffer is the program's own. */
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct peer {
    char text[512];
    const char *program;
};

static void give_text(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)suggested;
    struct peer *peer = handle->data;
    *buffer = uv_buf_init(peer->text, sizeof peer->text - 1);
}

static void run_program(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    (void)buffer;
    struct peer *peer = stream->data;
    if (count > 0 && memchr(peer->text, '\n', (size_t)count) != NULL)
        system(peer->program);
}

int begin(uv_stream_t *stream)
{
    struct peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL)
        return -1;
    peer->program = "/usr/bin/true";
    stream->data = peer;
    return uv_read_start(stream, give_text, run_program);
}
