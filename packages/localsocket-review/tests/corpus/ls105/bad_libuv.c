#include <uv.h>

#define DOOR "/tmp/kiosk.door"

static void answer(uv_stream_t *door, int status);
static void spoken(uv_connect_t *request, int status);

int open_door(uv_loop_t *loop, uv_pipe_t *door)
{
    uv_pipe_init(loop, door, 0);
    if (uv_pipe_bind(door, DOOR) != 0) /* expect: LS102, LS105 */
        return -1;
    return uv_listen((uv_stream_t *)door, 16, answer);
}

void knock(uv_pipe_t *pipe, uv_connect_t *request)
{
    uv_pipe_connect(request, pipe, DOOR, spoken); /* expect: LS105 */
}
