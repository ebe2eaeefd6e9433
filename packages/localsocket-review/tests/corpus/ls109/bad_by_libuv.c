#include <stdlib.h>
#include <uv.h>

static void give_memory(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    buffer->base = malloc(1024);
    buffer->len = 1024;
}

static void take(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    if (count > 0 && count < 1024) {
        buffer->base[count] = '\0';
        system(buffer->base); // expect: LS109
    }
    free(buffer->base);
}

static void welcome(uv_stream_t *server, int status)
{
    uv_pipe_t *client = malloc(sizeof(*client));
    uv_pipe_init(server->loop, client, 0);
    if (uv_accept(server, (uv_stream_t *)client) == 0)
        uv_read_start((uv_stream_t *)client, give_memory, take);
}

int serve(uv_pipe_t *server)
{
    return uv_listen((uv_stream_t *)server, 16, welcome);
}
