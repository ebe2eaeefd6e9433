/* A structure of the program's own keeps the pipe and its room, of which each read fills what is free. */
#include <stdlib.h>
#include <uv.h>

struct guest {
    uv_pipe_t pipe;
    size_t count;
    char line[256];
};

static void give_rest(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)suggested;
    struct guest *guest = handle->data;
    buffer->base = guest->line + guest->count;
    buffer->len = sizeof guest->line - guest->count - 1;
}

static void obey(struct guest *guest)
{
    system(guest->line); // expect: LS109
}

static void take_more(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    (void)buffer;
    struct guest *guest = stream->data;
    if (count < 0) {
        uv_close((uv_handle_t *)stream, NULL);
        return;
    }
    guest->count += (size_t)count;
    guest->line[guest->count] = '\0';
    obey(guest);
}

int welcome(struct guest *guest)
{
    guest->pipe.data = guest;
    return uv_read_start((uv_stream_t *)&guest->pipe, give_rest, take_more);
}

int main(void)
{
    static struct guest guest;
    return uv_pipe_init(uv_default_loop(), &guest.pipe, 0) || welcome(&guest);
}
